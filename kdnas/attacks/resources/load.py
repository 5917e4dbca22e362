"""The resources of an attack spec, loaded once per process."""

from dataclasses import dataclass
from importlib.util import find_spec

from kdnas.attacks.resources.encoder import Encoder, MiniLM
from kdnas.attacks.resources.rough import RoughEncoder, rough_twin
from kdnas.attacks.resources.vectors import NO_VECTORS, WordVectors, offline_vectors
from kdnas.attacks.resources.words import CLASS_PACKAGES
from kdnas.errors import UserError, require_extra
from kdnas.records import ATTACKS, AttackSpec


@dataclass(frozen=True)
class AttackResources:
    """Word vectors and sentence encoder; None where textattack has its own or none is needed.

    Attributes:
        rough: The encoder's quick twin; None where it has none here.
    """

    vectors: WordVectors | None
    encoder: Encoder | None
    rough: RoughEncoder | None = None


def load_resources(spec: AttackSpec) -> AttackResources:
    """What `spec` needs; the offline vectors are built at the first call and then kept on disk.

    Raises:
        UserError: A package is missing; the message says how to install it.
    """
    needs = ATTACKS[spec.recipe].needs
    kind = getattr(spec.settings, "word_classes", None)
    if kind in CLASS_PACKAGES:
        require_extra(*CLASS_PACKAGES[kind], f"attack.{spec.recipe}.word_classes={kind}")
    if spec.resources == "offline":
        encoder = MiniLM() if needs else None
        vectors = NO_VECTORS
        if encoder is not None and "vectors" in needs:
            vectors = offline_vectors(spec.settings.vocabulary, encoder)
        if encoder is None or "encoder" not in needs:
            return AttackResources(vectors, None)
        return AttackResources(vectors, encoder, rough_twin(encoder))
    if "encoder" in needs and find_spec("tensorflow_hub") is None:
        raise UserError(
            "attack.resources = textattack needs its sentence encoder: "
            "pip install 'kdnas[use]', or set attack.resources=offline"
        )
    return AttackResources(None, None)

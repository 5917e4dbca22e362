"""The resources of an attack spec, loaded once per process."""

from dataclasses import dataclass

from kdnas.attacks.resources.counter_fitted import counter_fitted_vectors
from kdnas.attacks.resources.encoder import Encoder, MiniLM
from kdnas.attacks.resources.rough import RoughEncoder, rough_twin
from kdnas.attacks.resources.tagger import load_tagger
from kdnas.attacks.resources.use import UniversalSentenceEncoder
from kdnas.attacks.resources.vectors import NO_VECTORS, WordVectors, offline_vectors
from kdnas.attacks.resources.words import CLASS_PACKAGES
from kdnas.errors import require_extra
from kdnas.paper_files import require_paper_files
from kdnas.records import ATTACKS, AttackSpec, Engine


@dataclass(frozen=True)
class AttackResources:
    """Word vectors and sentence encoder; None where TextAttack has its own or none is needed.

    Attributes:
        rough: The encoder's quick twin; None where it has none here.
    """

    vectors: WordVectors | None
    encoder: Encoder | None
    rough: RoughEncoder | None = None


def load_resources(spec: AttackSpec, engine: Engine = "lockstep") -> AttackResources:
    """What `spec` needs; what is made of it at the first call is then kept on disk.

    Args:
        spec: The attack.
        engine: Who executes it: TextAttack itself loads its own resources.

    Raises:
        UserError: A package or a file is missing or damaged; the message says what to do.
    """
    require_paper_files(spec)
    needs, kind = ATTACKS[spec.recipe].needs, getattr(spec.settings, "word_classes", None)
    if kind in CLASS_PACKAGES:
        require_extra(*CLASS_PACKAGES[kind], f"attack.{spec.recipe}.word_classes={kind}")
    if kind == "tagger":
        load_tagger()
    if spec.resources == "offline":
        return _offline(spec)
    if engine == "textattack":
        if "encoder" in needs:
            require_extra("paper", "tensorflow_hub", "TextAttack's sentence encoder")
        return AttackResources(None, None)
    vectors = counter_fitted_vectors() if "vectors" in needs else None
    return AttackResources(vectors, UniversalSentenceEncoder() if "encoder" in needs else None)


def _offline(spec: AttackSpec) -> AttackResources:
    needs = ATTACKS[spec.recipe].needs
    encoder, vectors = MiniLM() if needs else None, NO_VECTORS
    if encoder is not None and "vectors" in needs:
        vectors = offline_vectors(spec.settings.vocabulary, encoder)
    if encoder is None or "encoder" not in needs:
        return AttackResources(vectors, None)
    return AttackResources(vectors, encoder, rough_twin(encoder))

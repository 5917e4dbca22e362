"""The resources of an attack spec, loaded once per process."""

from dataclasses import dataclass
from importlib.util import find_spec

from kdnas.attacks.resources.encoder import SentenceEncoder
from kdnas.attacks.resources.vectors import NO_VECTORS, WordVectors, offline_vectors
from kdnas.errors import UserError
from kdnas.records import AttackSpec


@dataclass(frozen=True)
class AttackResources:
    """Word vectors and sentence encoder; None where textattack brings its own."""

    vectors: WordVectors | None
    encoder: SentenceEncoder | None


def load_resources(spec: AttackSpec) -> AttackResources:
    """What `spec` needs; the offline vectors are built at the first call and then kept on disk.

    Raises:
        UserError: A package is missing; the message says how to install it.
    """
    if spec.recipe != "textfooler":  # changes letters: it knows no neighbours and no meaning
        return AttackResources(NO_VECTORS if spec.resources == "offline" else None, None)
    if spec.resources == "offline":
        encoder = SentenceEncoder()
        return AttackResources(offline_vectors(spec.vocabulary, encoder), encoder)
    if find_spec("tensorflow_hub") is None:
        raise UserError(
            "attack.resources = textattack needs its sentence encoder: "
            "pip install 'kdnas[use]', or set attack.resources=offline"
        )
    return AttackResources(None, None)

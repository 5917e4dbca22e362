"""A recipe by TextAttack's own definition, with the spec's settings and resources."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from kdnas.attacks.resources import AttackResources, WordVectors, stopwords
from kdnas.attacks.textattack.importing import import_textattack, nltk_offline
from kdnas.attacks.victim import Victim
from kdnas.errors import UserError
from kdnas.paper_files import textattack_folder
from kdnas.records import ATTACKS, AttackSpec, Text, written
from kdnas.registry import resolve

import_textattack()

from textattack import Attack  # noqa: E402
from textattack.constraints.pre_transformation import StopwordModification  # noqa: E402
from textattack.models.wrappers import ModelWrapper  # noqa: E402
from textattack.shared import WordEmbedding, utils  # noqa: E402
from textattack.shared.utils import install  # noqa: E402


def build_attack(victim: Victim, spec: AttackSpec, resources: AttackResources) -> Attack:
    """The attack as the recipe builds it, with the spec's budget.

    With the offline resources every recipe has TextFooler's stop words; its own vectors TextAttack
    loads itself.

    Raises:
        UserError: Something that the recipe loads cannot be had.
    """
    build = resolve(ATTACKS[spec.recipe].build)
    vectors = resources.vectors if spec.resources == "offline" else None
    try:
        with nltk_offline(), _its_own_files() if vectors is None else _offered(vectors):
            attack = build(VictimWrapper(victim), spec.settings, resources)
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        offline = "" if spec.resources == "offline" else ", or set attack.resources=offline"
        raise UserError(
            f"attack {spec.recipe} cannot be built ({reason}): connect{offline}"
        ) from error
    attack.goal_function.query_budget = spec.query_budget or float("inf")
    if spec.resources == "offline":
        kinds = attack.pre_transformation_constraints
        for constraint in (kind for kind in kinds if isinstance(kind, StopwordModification)):
            constraint.stopwords = stopwords("textfooler")
    return attack


class VictimWrapper(ModelWrapper):
    """A victim as TextAttack calls it."""

    def __init__(self, victim: Victim) -> None:
        self.model = victim

    def __call__(self, text_input_list: Sequence[Text], **_: Any) -> torch.Tensor:
        """Logits of the texts, (texts, classes)."""
        logits = self.model.logits(self.model.encode(list(map(written, text_input_list))))
        # TextAttack takes rows that sum to 1 for probabilities; shifted logits never do, and
        # their softmax is the same.
        return torch.from_numpy(logits - logits.max(axis=1, keepdims=True))


@contextmanager
def _its_own_files() -> Iterator[None]:
    """TextAttack looks for its files where its users have them, and not in the cache of kdnas."""
    before = install.TEXTATTACK_CACHE_DIR
    install.TEXTATTACK_CACHE_DIR = str(textattack_folder())
    try:
        yield
    finally:
        install.TEXTATTACK_CACHE_DIR = before


@contextmanager
def _offered(vectors: WordVectors) -> Iterator[None]:
    """Offer `vectors` where TextAttack keeps the word embedding that its recipes share.

    Without it a recipe would download its own while it is built.
    """
    name = "textattack_counterfitted_GLOVE_embedding"
    before = utils.GLOBAL_OBJECTS.get(name)
    utils.GLOBAL_OBJECTS[name] = _embedding(vectors)
    try:
        yield
    finally:
        utils.GLOBAL_OBJECTS.pop(name)
        if before is not None:
            utils.GLOBAL_OBJECTS[name] = before


def _embedding(vectors: WordVectors) -> WordEmbedding:
    index = {word: i for i, word in enumerate(vectors.words)}
    return WordEmbedding(vectors.matrix, index, vectors.words, vectors.neighbours)

"""The recipes by TextAttack's own definition, with the spec's thresholds and resources.

Importing this module imports textattack, which takes seconds; it is imported where an attack or a
plan has to be made.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch

from kdnas.attacks.resources import (
    AttackResources,
    SentenceEncoder,
    WordVectors,
    classes_agree,
    polarity_agrees,
)
from kdnas.attacks.textattack.importing import import_textattack, nltk_offline
from kdnas.attacks.victim import Victim
from kdnas.errors import UserError
from kdnas.records import AttackSpec, Recipe

import_textattack()

from textattack import Attack  # noqa: E402
from textattack.attack_recipes import (  # noqa: E402
    AttackRecipe,
    DeepWordBugGao2018,
    Pruthi2019,
    TextFoolerJin2019,
)
from textattack.constraints import Constraint  # noqa: E402
from textattack.constraints.grammaticality import PartOfSpeech  # noqa: E402
from textattack.constraints.pre_transformation import StopwordModification  # noqa: E402
from textattack.constraints.semantics import WordEmbeddingDistance  # noqa: E402
from textattack.constraints.semantics.sentence_encoders import (  # noqa: E402
    SentenceEncoder as EncoderConstraint,
)
from textattack.models.wrappers import ModelWrapper  # noqa: E402
from textattack.shared import WordEmbedding, utils  # noqa: E402

_RECIPES: dict[Recipe, type[AttackRecipe]] = {
    "textfooler": TextFoolerJin2019,
    "deepwordbug": DeepWordBugGao2018,
    "pruthi": Pruthi2019,
}


def build_attack(victim: Victim, spec: AttackSpec, resources: AttackResources) -> Attack:
    """The recipe, its resources and thresholds replaced by the spec's.

    Search method, goal function and all that is not replaced stay TextAttack's. With the offline
    resources every recipe has TextFooler's stop words, for NLTK's would have to be downloaded.
    """
    wrapper = _VictimWrapper(victim)
    attack = _recipe(wrapper, spec.recipe, resources.vectors)
    attack.goal_function.query_budget = spec.query_budget or float("inf")
    if spec.recipe == "textfooler":
        attack.transformation.max_candidates = spec.candidates
        replaced = (_replacement(c, spec, resources) for c in attack.constraints)
        attack.constraints = [constraint for group in replaced for constraint in group]
    elif spec.resources == "offline":
        for constraint in attack.pre_transformation_constraints:
            if isinstance(constraint, StopwordModification):
                constraint.stopwords = _textfooler_stopwords(wrapper, resources.vectors)
    return attack


def _recipe(wrapper: ModelWrapper, name: Recipe, vectors: WordVectors | None) -> Attack:
    try:
        with nullcontext() if vectors is None else _offline_parts(vectors):
            return _RECIPES[name].build(wrapper)
    except Exception as error:
        reason = " ".join(str(error).split())[:120]
        way = "connect, or set attack.resources=offline"
        raise UserError(f"textattack cannot load its resources ({reason}); {way}") from error


def _textfooler_stopwords(wrapper: ModelWrapper, vectors: WordVectors | None) -> set[str]:
    built = _recipe(wrapper, "textfooler", vectors)
    kinds = built.pre_transformation_constraints
    return next(c.stopwords for c in kinds if isinstance(c, StopwordModification))


def _replacement(constraint: Any, spec: AttackSpec, resources: AttackResources) -> list[Constraint]:
    if isinstance(constraint, WordEmbeddingDistance):
        constraint.min_cos_sim = spec.word_cosine
    elif isinstance(constraint, PartOfSpeech) and resources.encoder:
        polarity = [_Polarity()] if spec.polarity_check else []
        return [constraint if spec.word_classes == "tagger" else _WordClasses(), *polarity]
    elif isinstance(constraint, EncoderConstraint):
        constraint.threshold, constraint.window_size = spec.similarity, spec.window
        if resources.encoder:
            return [_OfflineEncoder(constraint, resources.encoder)]
    return [constraint]


class _VictimWrapper(ModelWrapper):
    """A victim as TextAttack calls it."""

    def __init__(self, victim: Victim) -> None:
        self.model = victim

    def __call__(self, text_input_list: Sequence[str], **_: Any) -> torch.Tensor:
        logits = self.model.logits(self.model.encode(text_input_list))
        # TextAttack takes rows that sum to 1 for probabilities; shifted logits never do, and
        # their softmax is the same.
        return torch.from_numpy(logits - logits.max(axis=1, keepdims=True))


class _WordClasses(Constraint):
    """Swaps between words that can have the same class (compared with the original word)."""

    def __init__(self) -> None:
        super().__init__(compare_against_original=True)

    def _check_constraint(self, transformed_text: Any, reference_text: Any) -> bool:
        return all(classes_agree(a, b) for a, b in _swaps(transformed_text, reference_text))


class _Polarity(Constraint):
    """Swaps that keep the sentiment (compared with the original word)."""

    def __init__(self) -> None:
        super().__init__(compare_against_original=True)

    def _check_constraint(self, transformed_text: Any, reference_text: Any) -> bool:
        return all(polarity_agrees(a, b) for a, b in _swaps(transformed_text, reference_text))


def _swaps(transformed: Any, reference: Any) -> Iterator[tuple[str, str]]:
    """(word before, word after) at each newly changed position."""
    for i in transformed.attack_attrs["newly_modified_indices"]:
        yield reference.words[i], transformed.words[i]


class _OfflineEncoder(EncoderConstraint):
    """TextAttack's encoder constraint, as the recipe sets it, over another encoder."""

    def __init__(self, recipe: EncoderConstraint, encoder: SentenceEncoder) -> None:
        super().__init__(
            threshold=recipe.threshold,
            metric=recipe.metric,
            compare_against_original=recipe.compare_against_original,
            window_size=recipe.window_size,
            skip_text_shorter_than_window=recipe.skip_text_shorter_than_window,
        )
        self._encoder = encoder

    def encode(self, sentences: Sequence[str]) -> np.ndarray:
        return self._encoder(sentences)


@contextmanager
def _offline_parts(vectors: WordVectors) -> Iterator[None]:
    """Offer `vectors` where TextAttack keeps the word embedding that its recipes share.

    Without it a recipe would download its own while it is built; so it would NLTK's stop words,
    which are none meanwhile.
    """
    name = "textattack_counterfitted_GLOVE_embedding"
    before = utils.GLOBAL_OBJECTS.get(name)
    utils.GLOBAL_OBJECTS[name] = _embedding(vectors)
    try:
        with nltk_offline():
            yield
    finally:
        utils.GLOBAL_OBJECTS.pop(name)
        if before is not None:
            utils.GLOBAL_OBJECTS[name] = before


def _embedding(vectors: WordVectors) -> WordEmbedding:
    index = {word: i for i, word in enumerate(vectors.words)}
    return WordEmbedding(vectors.matrix, index, vectors.words, vectors.neighbours)

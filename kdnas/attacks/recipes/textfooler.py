"""TextFooler (Jin 2020): a word becomes a near one that keeps class, sentiment and meaning."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from kdnas.attacks.engine.candidates import DeletesWords
from kdnas.attacks.parts import Parts
from kdnas.attacks.resources import (
    AttackResources,
    classes_agree,
    polarity_agrees,
    tags_agree,
)
from kdnas.records import TextFooler


def build(model: Any, settings: TextFooler, resources: AttackResources) -> Any:
    """TextAttack's recipe with the thresholds of the settings, and our checks where we have them.

    Search method, goal function and all that is not replaced stay TextAttack's.
    """
    from textattack.attack_recipes import TextFoolerJin2019

    attack = TextFoolerJin2019.build(model)
    attack.transformation.max_candidates = settings.candidates
    attack.constraints = list(_checks(attack.constraints, settings, resources))
    return attack


def _checks(
    constraints: Sequence[Any], settings: TextFooler, resources: AttackResources
) -> Iterator[Any]:
    from textattack.constraints.grammaticality import PartOfSpeech
    from textattack.constraints.semantics import WordEmbeddingDistance
    from textattack.constraints.semantics.sentence_encoders import SentenceEncoder

    from kdnas.attacks.textattack.constraints import OfflineEncoder, SamePolarity, SameWordClasses

    for constraint in constraints:
        if isinstance(constraint, WordEmbeddingDistance):
            constraint.min_cos_sim = settings.word_cosine
        elif isinstance(constraint, PartOfSpeech):
            yield constraint if settings.word_classes == "tagger" else SameWordClasses()
            if settings.polarity == "on":
                yield SamePolarity()
            continue
        elif isinstance(constraint, SentenceEncoder):
            constraint.threshold, constraint.window_size = settings.similarity, settings.window
            if resources.encoder is not None:
                yield OfflineEncoder(constraint, resources.encoder)
                continue
        yield constraint


class Neighbours(DeletesWords):
    """The neighbours that the plan lists."""

    def exist(self, i: int) -> bool:
        """Whether word i has any."""
        return i in self.plan.substitutes

    def of(self, parts: Parts, i: int) -> Sequence[str]:
        """The candidates of word i."""
        return self.plan.substitutes[i]


class Substitutes:
    """What may stand in a word's place by all checks that look at words alone, for its plan.

    Args:
        settings: The recipe's.
        resources: With vectors.
    """

    def __init__(self, settings: TextFooler, resources: AttackResources) -> None:
        if resources.vectors is None:
            raise ValueError("TextFooler lists the neighbours of words: its resources need vectors")
        self._settings, self._vectors = settings, resources.vectors
        self._rows = {word: row for row, word in enumerate(self._vectors.words)}
        self._known: dict[str, tuple[str, ...]] = {}

    def __call__(self, words: Sequence[str], i: int) -> tuple[str, ...]:
        """The candidates of word i in the recipe's order."""
        word = words[i]
        if word not in self._known:
            self._known[word] = tuple(filter(partial(self._agree, word), self._near(word)))
        if self._settings.word_classes == "lexicon":
            return self._known[word]
        return tuple(other for other in self._known[word] if tags_agree(words, i, other))

    def _near(self, word: str) -> list[str]:
        """The neighbours of `word` that are near enough, written as it is."""
        row = self._rows.get(word.lower())
        if row is None:
            return []
        rows = self._vectors.neighbours[row][1 : self._settings.candidates + 1]
        others = [in_case_of(word, self._vectors.words[other]) for other in rows]
        # In another case a word can be another one, or none that has a vector: that one passes.
        compared = [self._rows.get(other.lower(), row) for other in others]
        near = self._vectors.within(self._settings.word_cosine, row, compared)
        return [
            other for other, is_near in zip(others, near, strict=True) if is_near and other != word
        ]

    def _agree(self, word: str, other: str) -> bool:
        """Whether two words agree in all that is told of them without their context."""
        own = self._settings
        return (own.word_classes == "tagger" or classes_agree(word, other)) and (
            own.polarity == "off" or polarity_agrees(word, other)
        )


def in_case_of(model: str, word: str) -> str:
    """`word` in lower case, in capitals, or with a capital, where `model` is written so."""
    if model.islower():
        return word.lower()
    if model.isupper() and len(model) > 1:
        return word.upper()
    if model[0].isupper() and model[1:].islower():
        return word.capitalize()
    return word

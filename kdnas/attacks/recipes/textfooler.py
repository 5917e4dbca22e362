"""TextFooler (Jin 2020): a word becomes a near one that keeps class, sentiment and meaning."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kdnas.attacks.engine.candidates import DeletesWords
from kdnas.attacks.engine.similarity import MARGIN
from kdnas.attacks.parts import Parts
from kdnas.attacks.resources import AttackResources
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
        attack: The recipe as `build` gives it.
    """

    def __init__(self, attack: Any) -> None:
        from textattack.constraints.grammaticality import PartOfSpeech
        from textattack.constraints.semantics import WordEmbeddingDistance
        from textattack.constraints.semantics.sentence_encoders import SentenceEncoder

        self._transformation = attack.transformation
        checks = [c for c in attack.constraints if not isinstance(c, SentenceEncoder)]
        self._distance = next(c for c in checks if isinstance(c, WordEmbeddingDistance))
        self._of_contexts = [c for c in checks if isinstance(c, PartOfSpeech)]
        others = (self._distance, *self._of_contexts)
        self._of_words = [c for c in checks if c not in others]
        self._known: dict[str, tuple[str, ...]] = {}

    def __call__(self, words: list[str], i: int) -> tuple[str, ...]:
        """The candidates of word i in the recipe's order."""
        if words[i] not in self._known:
            self._known[words[i]] = self._without_context(words[i])
        kept = (w for w in self._known[words[i]] if _pass(self._of_contexts, words, i, w))
        return tuple(kept)

    def _without_context(self, word: str) -> tuple[str, ...]:
        neighbours = self._transformation._get_replacement_words(word)
        others = self._near(word, [w for w in neighbours if w != word])
        return tuple(w for w in others if _pass(self._of_words, [word], 0, w))

    def _near(self, word: str, others: list[str]) -> list[str]:
        """The words among `others` that the check of the distance lets pass.

        All cosines are computed at once; the check itself, which computes them one by one, is
        asked where that leaves a doubt.
        """
        embedding, floor = self._distance.embedding, self._distance.min_cos_sim
        ids = [embedding.word2index(w.lower()) for w in (word, *others)] if others else [0]
        vectors = np.asarray(embedding.embedding_matrix)[ids].astype(np.float64)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        over = vectors[1:] @ vectors[0] - floor
        return [
            w
            for w, gap in zip(others, over, strict=True)
            if (gap > 0 if abs(gap) > MARGIN else _pass([self._distance], [word], 0, w))
        ]


def _pass(constraints: list[Any], words: list[str], i: int, candidate: str) -> bool:
    swap, reference = _Swapped(words, i, candidate), _Words(words)
    return all(c._check_constraint(swap, reference) for c in constraints)


class _Words:
    """The part of an AttackedText that checks of words read."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words


class _Swapped(_Words):
    """Words with word i swapped; they are not copied."""

    def __init__(self, words: Sequence[str], i: int, candidate: str) -> None:
        super().__init__(_OneOther(words, i, candidate))
        self.attack_attrs = {"newly_modified_indices": {i}}


class _OneOther(Sequence[str]):
    def __init__(self, words: Sequence[str], i: int, other: str) -> None:
        self._words, self._i, self._other = words, i, other

    def __len__(self) -> int:
        return len(self._words)

    def __getitem__(self, k: Any) -> Any:
        return self._other if k == self._i else self._words[k]

"""Making plans: the recipe's own objects are asked about every word of a text.

Importing this module imports textattack; it is imported where a plan is not stored yet.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kdnas.attacks.engine.plans import Plans, TextPlan
from kdnas.attacks.engine.similarity import MARGIN
from kdnas.attacks.parts import one_word, split_parts
from kdnas.attacks.resources import AttackResources
from kdnas.attacks.textattack.build import build_attack
from kdnas.attacks.textattack.importing import import_textattack
from kdnas.attacks.victim import CallableVictim
from kdnas.records import AttackSpec

import_textattack()

from textattack import Attack  # noqa: E402
from textattack.constraints import Constraint  # noqa: E402
from textattack.constraints.grammaticality import PartOfSpeech  # noqa: E402
from textattack.constraints.semantics import WordEmbeddingDistance  # noqa: E402
from textattack.constraints.semantics.sentence_encoders import (  # noqa: E402
    SentenceEncoder as EncoderConstraint,
)
from textattack.shared import AttackedText  # noqa: E402


def make_plans(texts: Sequence[str], spec: AttackSpec, resources: AttackResources) -> Plans:
    """The plans of `texts`; None for those that only TextAttack itself can attack."""
    attack = build_attack(_NOBODY, spec, resources)
    planner = _Planner(attack) if spec.recipe == "textfooler" else None
    return [_plan(text, attack, planner) for text in texts]


_NOBODY = CallableVictim(lambda texts: [])  # type: ignore[arg-type, return-value]
"""Plans ask no victim."""


def _plan(text: str, attack: Attack, planner: "_Planner | None") -> TextPlan | None:
    attacked = AttackedText(text)
    words = attacked.words
    parts = split_parts(text, words)
    if parts is None:
        return None
    order = tuple(attack.get_indices_to_order(attacked)[1])
    if planner is None:
        return TextPlan(parts, order)
    substitutes = {i: planner.substitutes(words, i) for i in order}
    if not all(one_word(word) for found in substitutes.values() for word in found):
        return None
    return TextPlan(parts, order, {i: found for i, found in substitutes.items() if found})


class _Planner:
    """What TextFooler may put in a word's place, by all its checks that look at words."""

    def __init__(self, attack: Attack) -> None:
        self._transformation = attack.transformation
        checks = [c for c in attack.constraints if not isinstance(c, EncoderConstraint)]
        self._distance = next(c for c in checks if isinstance(c, WordEmbeddingDistance))
        self._of_contexts = [c for c in checks if isinstance(c, PartOfSpeech)]
        others = (self._distance, *self._of_contexts)
        self._of_words = [c for c in checks if c not in others]
        self._found: dict[str, tuple[str, ...]] = {}

    def substitutes(self, words: list[str], i: int) -> tuple[str, ...]:
        """The candidates of word i in the recipe's order."""
        if words[i] not in self._found:
            self._found[words[i]] = self._without_context(words[i])
        kept = (w for w in self._found[words[i]] if _pass(self._of_contexts, words, i, w))
        return tuple(kept)

    def _without_context(self, word: str) -> tuple[str, ...]:
        neighbours = self._transformation._get_replacement_words(word)
        others = self._near(word, [w for w in neighbours if w != word])
        return tuple(w for w in others if _pass(self._of_words, [word], 0, w))

    def _near(self, word: str, others: list[str]) -> list[str]:
        """Those of `others` that the check of the distance lets pass.

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


def _pass(constraints: list[Constraint], words: list[str], i: int, candidate: str) -> bool:
    swap, reference = _Swapped(words, i, candidate), _Words(words)
    return all(c._check_constraint(swap, reference) for c in constraints)


class _Words:
    """As much of an AttackedText as checks of words read."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words


class _Swapped(_Words):
    """The same with word i swapped; the words are not copied."""

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

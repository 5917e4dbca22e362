"""DeepWordBug (Gao 2018): a word becomes a typing error, one of four edits of its letters.

The draws are TextAttack's, in its order and from generators of the same kind, so that a text
attacked with `numpy` and `random` seeded alike meets the same candidates.
"""

import random
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from kdnas.attacks.engine.candidates import MakesWordsUnknown
from kdnas.attacks.engine.plans import TextPlan
from kdnas.attacks.parts import Parts, swap_texts, words_of
from kdnas.attacks.resources import AttackResources
from kdnas.records.recipes import NoSettings

MOST_EDITS = 30
"""Levenshtein distance that a text may have from the original, in the recipe."""


def build(model: Any, settings: NoSettings, resources: AttackResources) -> Any:
    """TextAttack's recipe as it is."""
    from textattack.attack_recipes import DeepWordBugGao2018

    return DeepWordBugGao2018.build(model)


class Mistyped(MakesWordsUnknown):
    """Typing errors, drawn at every call."""

    def __init__(self, plan: TextPlan, settings: NoSettings, seed: int) -> None:
        super().__init__(plan, settings, seed)
        self._typos = Typos(seed)

    def exist(self, i: int) -> bool:
        """Whether word i is long enough to be mistyped."""
        return len(words_of(self.plan.parts)[i]) > 1

    def of(self, parts: Parts, i: int) -> Sequence[str]:
        """The candidates of word i that leave the text near enough to the original."""
        original = "".join(self.plan.parts)
        words = self._typos(words_of(parts)[i])
        texts = swap_texts(parts, i, words)
        pairs = zip(words, texts, strict=True)
        return [word for word, text in pairs if within_distance(original, text)]


class Typos:
    """The candidates of one text's words; each call draws.

    Args:
        seed: Of the text's generators.
    """

    def __init__(self, seed: int) -> None:
        self._positions = np.random.RandomState(seed)
        self._letters = random.Random(seed)

    def __call__(self, word: str) -> list[str]:
        """Up to four distinct words: neighbours swapped, a letter replaced, dropped, added."""
        if len(word) < 2:
            return []
        i = self._positions.randint(0, len(word) - 1)
        swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        i = self._positions.randint(0, len(word))
        replaced = word[:i] + self._letter() + word[i + 1 :]
        i = self._positions.randint(0, len(word))
        dropped = word[:i] + word[i + 1 :]
        i = self._positions.randint(0, len(word))
        added = word[:i] + self._letter() + word[i:]
        return [w for w in dict.fromkeys((swapped, replaced, dropped, added)) if w != word]

    def _letter(self) -> str:
        return self._letters.choice(string.ascii_letters)


def within_distance(original: str, changed: str) -> bool:
    """Whether DeepWordBug may turn one text into the other."""
    return Levenshtein.distance(original, changed, score_cutoff=MOST_EDITS) <= MOST_EDITS

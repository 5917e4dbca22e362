"""DeepWordBug's candidates: four edits of a word's letters, drawn (Gao 2018).

The draws are TextAttack's, in its order and from generators of the same kind, so that a text
attacked with `numpy` and `random` seeded alike meets the same candidates.
"""

import random
import string

import editdistance
import numpy as np

MOST_EDITS = 30
"""Levenshtein distance that a text may have from the original, in the recipe."""

UNKNOWN = "[UNK]"
"""Stands in for a word whose importance is measured, in the recipe."""


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
    return editdistance.eval(original, changed) <= MOST_EDITS

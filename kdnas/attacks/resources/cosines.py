"""Cosines of pairs of words that were computed elsewhere, as TextAttack keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kdnas.cache import Arrays


@dataclass(frozen=True)
class StoredCosines:
    """Cosines of some pairs of words, by their rows.

    Attributes:
        starts: Where the pairs of each word begin and the last one's end, (words + 1,).
        others: The other word of each pair, in ascending order for each word, (pairs,).
        values: (pairs,), float64.
    """

    starts: np.ndarray
    others: np.ndarray
    values: np.ndarray

    def get(self, a: int, b: int) -> float | None:
        """The cosine of two words, the lower row first as TextAttack asks; None if not stored."""
        low, high = min(a, b), max(a, b)
        start, end = self.starts[low : low + 2].tolist()
        k = start + int(np.searchsorted(self.others[start:end], high))
        return float(self.values[k]) if k < end and self.others[k] == high else None


def packed(cosines: Mapping[int, Mapping[int, float]], words: int) -> Arrays:
    """The arrays of `StoredCosines`, from what TextAttack keeps of `words` words."""
    rows = [sorted(cosines.get(row, {}).items()) for row in range(words)]
    pairs = [pair for row in rows for pair in row]
    return {
        "starts": np.cumsum([0, *map(len, rows)]),
        "others": np.array([other for other, _ in pairs], np.int64),
        "values": np.array([value for _, value in pairs], np.float64),
    }

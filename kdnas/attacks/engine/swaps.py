"""One word of a text and its candidates: their texts, and how similar they leave its window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.attacks.engine.asks import Asking, Compare, SettleSimilarities
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.parts import Parts, swap_texts, windows, words_of


@dataclass(frozen=True)
class Check:
    """The recipe's comparison of windows.

    Attributes:
        similarities: What is known, and the least that passes.
        window: Words of a window.
    """

    similarities: Similarities
    window: int


@dataclass(frozen=True)
class Swaps:
    """Word i of a text and what it may become.

    Attributes:
        parts: The text.
        i: The word.
        words: Its candidates that passed the checks of words, in the recipe's order.
        check: Of the windows; None where all pass.
        left: Queries that the budget leaves.
    """

    parts: Parts
    i: int
    words: Sequence[str]
    check: Check | None
    left: int | None

    def sent(self, passing: np.ndarray) -> np.ndarray:
        """The candidates of a mask as TextAttack queries them: by text, within the budget."""
        index = np.flatnonzero(passing).tolist()
        texts = self.texts(index)
        ordered = [k for _, k in sorted(zip(texts, index, strict=True))]
        return np.array(ordered[: self.left], int)

    def texts(self, index: Sequence[int]) -> list[str]:
        """The texts of some candidates."""
        return swap_texts(self.parts, self.i, [self.words[k] for k in index])

    def windows(self) -> tuple[str, list[str]]:
        """The window as it is, and with each candidate."""
        if self.check is None:
            raise ValueError("this recipe compares no windows")
        word = words_of(self.parts)[self.i]
        own, *others = windows(self.parts, self.i, self.check.window, (word, *self.words))
        return own, others


def similarities(swaps: Swaps) -> Asking[np.ndarray | None]:
    """All candidates' similarities, (candidates,), settled where it is not clear which pass.

    None where all pass.
    """
    if swaps.check is None:
        return None
    known = swaps.check.similarities
    reference, candidates = swaps.windows()
    values = known.known(reference, candidates)
    unknown = np.flatnonzero(np.isnan(values))
    if len(unknown) and not known.near(values).any():
        values[unknown] = yield Compare(reference, [candidates[k] for k in unknown])
    if known.near(values).any():
        return (yield SettleSimilarities(reference, candidates))
    return values


def passing(values: np.ndarray | None, swaps: Swaps) -> np.ndarray:
    """Which candidates pass the comparison of windows."""
    if values is None or swaps.check is None:
        return np.ones(len(swaps.words), bool)
    return values >= swaps.check.similarities.threshold

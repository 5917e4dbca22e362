"""One word of a text and its candidates: their texts, and how similar they leave its window."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.attacks.engine.asks import Asking, Compare
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.parts import Parts, swap_texts, windows, words_of


@dataclass(frozen=True)
class Check:
    """The recipe's comparison of windows.

    Attributes:
        similarities: What is known.
        threshold: The least that passes.
        window: Words of a window.
    """

    similarities: Similarities
    threshold: float
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


def similarities(swaps: Swaps, check: Check) -> Asking[np.ndarray]:
    """All candidates' similarities, (candidates,), exact where they are near the threshold."""
    reference, candidates = swaps.windows()
    values = check.similarities.known(reference, candidates)
    unknown = np.flatnonzero(np.isnan(values))
    if len(unknown):
        values[unknown] = yield Compare(reference, [candidates[k] for k in unknown])
    if near(values, check).any():
        return (yield Compare(reference, candidates, settled=True))
    return values


def settled_similarities(swaps: Swaps) -> Asking[np.ndarray | None]:
    """All candidates' similarities as TextAttack computes them; None where all pass."""
    if swaps.check is None:
        return None
    reference, candidates = swaps.windows()
    return (yield Compare(reference, candidates, settled=True))


def near(values: np.ndarray, check: Check) -> np.ndarray:
    """Mark the values too close to the threshold to tell whether they pass; NaN is none."""
    doubt = check.similarities.metric.doubt
    return np.abs(values - check.threshold) <= doubt(np.minimum(values, 1.0))


def passing(values: np.ndarray | None, swaps: Swaps) -> np.ndarray:
    """Which candidates pass the comparison of windows."""
    if values is None or swaps.check is None:
        return np.ones(len(swaps.words), bool)
    return values >= swaps.check.threshold

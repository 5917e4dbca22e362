"""The student first, the encoder last: which comparisons of windows a choice really needs.

The encoder costs many times what a small student does. So all candidates are scored, and only those
are compared that could be chosen: from the best score down to the first that passes, and, where
that one flips the answer, all others that flip, for the most similar of them is returned.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from kdnas.attacks.engine.asks import Asking, Compare
from kdnas.attacks.engine.metrics import MARGIN
from kdnas.attacks.engine.similarity import Similarities
from kdnas.attacks.engine.steps import Scores
from kdnas.attacks.engine.swaps import Swaps

Shortlist: TypeAlias = tuple[np.ndarray, Scores, np.ndarray]


def shortlist(
    swaps: Swaps,
    similarities: Similarities,
    score: Callable[[Swaps, np.ndarray], Asking[Scores]],
    current: np.float32,
) -> Asking[Shortlist | None]:
    """The candidates that the choice depends on and that pass, best known.

    Args:
        swaps: The candidates.
        similarities: What is known, and the least that passes.
        score: Asks for the scores of some candidates.
        current: The score of the text as it is.

    Returns:
        Their indices in the order of their texts, their scores and similarities; None where a
        similarity is too close to the threshold.
    """
    reference, windows = swaps.windows()
    values = similarities.known(reference, windows)
    if similarities.near(values).any():
        return None
    threshold = similarities.threshold
    index = swaps.sent(~(values < threshold))  # what is known to fail is not scored
    scores = yield from score(swaps, index)
    while True:
        open_ = ~(values[index] < threshold)
        wanted = open_ & _wanted(scores, open_, values[index] >= threshold, current)
        unknown = index[wanted & np.isnan(values[index])]
        if not len(unknown):
            passed = np.flatnonzero(wanted)
            return index[passed], scores.take(passed), values[index[passed]]
        values[unknown] = yield Compare(reference, [windows[k] for k in unknown])
        if similarities.near(values[unknown]).any():
            return None


def _wanted(
    scores: Scores, open_: np.ndarray, passes: np.ndarray, current: np.float32
) -> np.ndarray:
    """Which of the open candidates have to be compared before the choice is known.

    Args:
        scores: Of the candidates.
        open_: Which may still pass, (candidates,).
        passes: Which are known to.
        current: The score of the text as it is.
    """
    better = open_ & (scores.score > current - MARGIN)
    if not better.any():
        return better
    top = better & (scores.score > scores.score[better].max() - MARGIN)
    may_flip = scores.flips | (scores.lead < MARGIN)
    if not (top & passes & may_flip).any():
        return top
    stays = open_ & passes & ~may_flip
    floor = scores.score[stays].max(initial=-1.0)
    floor = max(floor, scores.score[open_ & may_flip].min())
    return open_ & (scores.score > floor - MARGIN)

"""One step of TextAttack's greedy search: which of a word's candidates is taken, if any.

`choose` is the rule on exact scores. Scores that were computed in other batches than TextAttack's
differ in their last digits; `unclear` says whether such differences could change the choice.
"""

from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import torch

from kdnas.attacks.engine.metrics import MARGIN, Doubt


@dataclass(frozen=True)
class Scores:
    """What the victim says of some texts whose true class is `label`.

    Attributes:
        score: 1 - probability of the true class, (texts,), float32.
        flips: Whether another class is the most probable, (texts,).
        lead: By how much the two probabilities differ that decide about it, (texts,).
    """

    score: np.ndarray
    flips: np.ndarray
    lead: np.ndarray

    def __len__(self) -> int:
        return len(self.score)

    def take(self, index: np.ndarray) -> "Scores":
        """The scores of some of the texts."""
        return Scores(self.score[index], self.flips[index], self.lead[index])


_NONE = np.zeros(0, np.float32)
NO_SCORES = Scores(_NONE, _NONE > 0, _NONE)


def probabilities_of(logits: np.ndarray) -> torch.Tensor:
    """Probabilities of logits, both (texts, classes), by TextAttack's own operations."""
    return torch.softmax(torch.from_numpy(logits - logits.max(axis=1, keepdims=True)), dim=1)


def judge(logits: np.ndarray, label: int) -> Scores:
    """Scores of logits (texts, classes)."""
    probabilities = probabilities_of(logits)
    own = probabilities[:, label]
    others = probabilities.clone()
    others[:, label] = -1
    flips = probabilities.argmax(dim=1) != label
    lead = (others.amax(dim=1) - own).abs()
    return Scores((1 - own).numpy(), flips.numpy(), lead.numpy())


def choose(scores: Scores, similarities: np.ndarray | None, current: np.float32) -> int | None:
    """The candidate that TextAttack's `GreedyWordSwapWIR` goes on with, by exact values.

    The best score wins if it is above the current one. If it flips the answer, the candidate with
    the largest similarity among the best ones, down to the first that does not flip, is returned.

    Args:
        scores: Of the candidates that passed all checks, in the order of their texts.
        similarities: Theirs, (candidates,); None where they are not computed.
        current: The score of the text as it is.
    """
    order = _best_first(scores)
    if not order or not scores.score[order[0]] > current:
        return None
    flips = list(takewhile(lambda k: scores.flips[k], order))
    if not flips or similarities is None:
        return order[0]
    return max(flips, key=lambda k: similarities[k])


def rivals(
    scores: Scores, similarities: np.ndarray, current: np.float32, doubt: Doubt
) -> np.ndarray:
    """The candidates that may be the most similar of those among which `choose` looks for it.

    Args:
        scores: Those of `choose`.
        similarities: Those of `choose`, or less exact ones.
        current: That of `choose`.
        doubt: How far a similarity may be off.
    """
    order = _best_first(scores)
    better = bool(order) and scores.score[order[0]] > current
    flips = np.array([*takewhile(lambda k: better and scores.flips[k], order)], int)
    best = similarities[flips].max(initial=-1.0)
    return flips[similarities[flips] > best - 2 * doubt(best)]


def _best_first(scores: Scores) -> list[int]:
    return sorted(range(len(scores)), key=lambda k: -scores.score[k])


def unclear(scores: Scores, current: np.float32, *, compared: bool) -> bool:
    """Whether scores within their doubt of the given ones could choose another candidate.

    Args:
        scores: Those of `choose`.
        current: That of `choose`.
        compared: Whether there are similarities.
    """
    if not len(scores):
        return False
    top = scores.score.max()
    if abs(top - current) < MARGIN:
        return True
    if top < current:
        return False
    near = scores.score > top - MARGIN
    unsure = scores.lead < MARGIN
    if (unsure & near).any():
        return True
    if not scores.flips[near].any() or not compared:
        return bool(near.sum() > 1)
    staying = scores.score[~scores.flips & ~unsure].max(initial=-1.0)
    run = scores.flips & ~unsure & (scores.score > staying + MARGIN)
    edge = (scores.flips | unsure) & ~run & (scores.score > staying - MARGIN)
    return bool(edge.any())


def alike(scores: np.ndarray, current: np.float32) -> bool:
    """Whether none of the scores can be told from that of the text as it is."""
    return bool((np.abs(scores - current) < MARGIN).all())


def ranking(scores: np.ndarray) -> np.ndarray:
    """Positions by descending score, with TextAttack's own unstable sort."""
    return (-scores).argsort()

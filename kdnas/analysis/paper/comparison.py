"""Two models on the same texts: which of them holds more under attack, and whether by chance."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """How two models compare.

    Attributes:
        first, second: Texts that only the one or only the other holds, in the mean of the pairs of
            trainings.
        p: Two-sided.
    """

    first: float
    second: float
    p: float


def compare(first: np.ndarray, second: np.ndarray) -> Comparison:
    """McNemar's test, extended to several trainings of each model.

    The trainings are paired in their order; where a model has only one, it is paired with each of
    the other. Under the null hypothesis the two models could be exchanged on every text, so the sum
    of all differences of a text has either sign with the same probability: all signs are counted,
    exactly. With one training each this is the exact McNemar test (McNemar 1947).

    Args:
        first: Whether each training (rows) of one model holds each text (columns).
        second: The same of the other.
    """
    one, other = first.astype(int), second.astype(int)
    fewest, most = sorted((len(one), len(other)))
    pairs = most if fewest == 1 else fewest
    differences = one[:pairs] - other[:pairs]
    return Comparison(
        (differences == 1).sum() / pairs,
        (differences == -1).sum() / pairs,
        _sign_flip_p(differences.sum(axis=0)),
    )


def _sign_flip_p(differences: np.ndarray) -> float:
    """How often random signs give a sum as far from 0."""
    weights = np.abs(differences[differences != 0])
    chance = np.ones(1)  # of each sum from -weights.sum() to weights.sum()
    for weight in weights:
        gap = np.zeros(2 * weight - 1)
        chance = np.convolve(chance, np.concatenate([[0.5], gap, [0.5]]))
    sums = np.arange(len(chance)) - weights.sum()
    extreme = np.abs(sums) >= abs(differences.sum())
    return min(float(chance[extreme].sum()), 1.0)

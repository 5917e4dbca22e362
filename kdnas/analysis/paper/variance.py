"""How far trainings of one architecture differ, how far architectures, and what a claim costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL, POWER = 0.05, 0.8
"""The level of a two-sided test for which the trainings are counted."""


@dataclass(frozen=True)
class Variance:
    """A score's standard deviations, in its units.

    Attributes:
        architectures, trainings: How many there are in all.
        between: Between architectures, once the spread of their trainings is taken off; 0 where
            that explains all of it.
        within: Between trainings of one architecture.
    """

    architectures: int
    trainings: int
    between: float
    within: float

    @property
    def reliability(self) -> float:
        """Share of the variance between single trainings that is the architecture's."""
        total = self.between**2 + self.within**2
        return self.between**2 / total if total else 0.0

    def trainings_for(self, difference: float) -> int:
        """Trainings of each of two architectures that show such a difference, at least 2."""
        normal = NormalDist()
        z = normal.inv_cdf(1 - LEVEL / 2) + normal.inv_cdf(POWER)
        return max(2, math.ceil(2 * (z * self.within / difference) ** 2))


def variance_components(values: Sequence[Sequence[float]]) -> Variance:
    """One-way analysis of variance with random effects, for as many trainings of each.

    Args:
        values: (architectures, trainings): a score of each training.

    Raises:
        ValueError: There are fewer than two architectures or trainings, or not as many of each.
    """
    table = np.array(values, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        raise ValueError("two architectures with two trainings each are the fewest")
    architectures, trainings = table.shape
    within = table.var(axis=1, ddof=1).mean()
    between = table.mean(axis=1).var(ddof=1) - within / trainings
    return Variance(architectures, table.size, math.sqrt(max(between, 0.0)), math.sqrt(within))

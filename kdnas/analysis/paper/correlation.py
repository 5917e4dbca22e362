"""Whether scores go with the architecture, or only with its size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.analysis.front import evaluated
from kdnas.analysis.paper.groups import SMALLEST, TRAITS
from kdnas.metrics import BLOCK_PARAMETERS, Metric
from kdnas.runs import Row

SIZE = BLOCK_PARAMETERS.label
"""What is correlated besides the counts: the parameters outside the embeddings."""


@dataclass(frozen=True)
class Correlation:
    """A coefficient and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def correlations(
    rows: Sequence[Row], trait: str, metric: Metric, seed: int = 0
) -> dict[str, Correlation] | None:
    """Pearson's and Spearman's coefficient, and Spearman's at equal size; None where few vary.

    More vertices and edges are more parameters too. What is left of a rank correlation once the
    size is held is the partial one (Kendall 1942).

    Args:
        rows: The students.
        trait: One of `TRAITS`, or `SIZE`, which has none at equal size.
        metric: What is correlated with it.
        seed: Of the bootstrap (999 samples, percentiles).
    """
    from scipy.stats import bootstrap

    students = evaluated(rows)
    sizes = np.array([BLOCK_PARAMETERS.value(e) for _, e in students], float)
    counts = sizes
    if trait != SIZE:
        counts = np.array([TRAITS[trait](row.architecture) for row, _ in students], float)
    scores = np.array([metric.shown(e) for _, e in students])
    usual = max((counts == count).sum() for count in counts) if students else 0
    if len(students) - usual < SMALLEST or np.ptp(scores) == 0:
        return None
    found = {}
    for name, statistic in COEFFICIENTS.items():
        if statistic is _at_equal_size and trait == SIZE:
            continue
        interval = bootstrap(
            (counts, scores, sizes), statistic, paired=True, vectorized=True, n_resamples=999,
            method="percentile", rng=np.random.default_rng(seed),
        ).confidence_interval  # fmt: skip
        value = float(statistic(counts, scores, sizes))
        found[name] = Correlation(value, float(interval.low), float(interval.high))
    return found


def _pearson(x: np.ndarray, y: np.ndarray, _: np.ndarray, axis: int = -1) -> np.ndarray:
    """0 where one of the two is constant, as it may be in a bootstrap sample."""
    x, y = x - x.mean(axis, keepdims=True), y - y.mean(axis, keepdims=True)
    return _ratio((x * y).sum(axis), ((x**2).sum(axis) * (y**2).sum(axis)) ** 0.5)


def _spearman(x: np.ndarray, y: np.ndarray, size: np.ndarray, axis: int = -1) -> np.ndarray:
    from scipy.stats import rankdata

    return _pearson(rankdata(x, axis=axis), rankdata(y, axis=axis), size, axis)


def _at_equal_size(x: np.ndarray, y: np.ndarray, size: np.ndarray, axis: int = -1) -> np.ndarray:
    pairs = ((x, y), (x, size), (y, size))
    xy, xz, yz = (_spearman(a, b, size, axis) for a, b in pairs)
    return _ratio(xy - xz * yz, ((1 - xz**2) * (1 - yz**2)) ** 0.5)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 1e-9)


COEFFICIENTS = {"Pearson": _pearson, "Spearman": _spearman, "at equal size": _at_equal_size}
"""Each a function of traits, scores and sizes along an axis."""

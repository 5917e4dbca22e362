"""How accuracy and robustness go with the architecture: group means and correlations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.analysis.front import evaluated
from kdnas.archive import Row
from kdnas.records import Evaluation
from kdnas.space import Architecture

SMALLEST = 5
"""Groups of fewer students are left out."""

TRAITS: dict[str, Callable[[Architecture], int]] = {
    "vertices": lambda arch: len(arch.active),
    "edges": lambda arch: len(arch.edges),
    "conv": lambda arch: _layers(arch, "conv"),
    "sepconv": lambda arch: _layers(arch, "sepconv"),
    "glu": lambda arch: _layers(arch, "glu"),
    "attention": lambda arch: _layers(arch, "attention"),
}
"""Counts in one block: connected computational nodes, edges, and nodes with each type of layer."""

METRICS: dict[str, Callable[[Evaluation], float]] = {
    "accuracy": lambda e: 100 * e.search.accuracy,
    "robustness": lambda e: 100 * e.search.robustness,
}
"""In points, on search-val."""


@dataclass(frozen=True)
class Group:
    """The students with one count: mean of a metric and its standard error (points)."""

    count: int
    mean: float
    error: float
    students: int


@dataclass(frozen=True)
class Correlation:
    """A coefficient and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def grouped(rows: Sequence[Row], trait: str, metric: str) -> list[Group]:
    """Means over the evaluated students with each count of a trait, smallest count first."""
    counts, values = _pairs(rows, trait, metric)
    groups = []
    for count in np.unique(counts):
        members = values[counts == count]
        if len(members) >= SMALLEST:
            error = members.std(ddof=1) / np.sqrt(len(members))
            groups.append(Group(int(count), float(members.mean()), float(error), len(members)))
    return groups


def correlations(
    rows: Sequence[Row], trait: str, metric: str, seed: int = 0
) -> dict[str, Correlation] | None:
    """Pearson's and Spearman's coefficient; None where one of the two does not vary.

    Args:
        rows: The students.
        trait: One of `TRAITS`.
        metric: One of `METRICS`.
        seed: Of the bootstrap (999 samples, percentiles).
    """
    from scipy.stats import bootstrap, rankdata

    counts, values = _pairs(rows, trait, metric)
    if len(counts) < SMALLEST or np.ptp(counts) == 0 or np.ptp(values) == 0:
        return None

    def pearson(x: np.ndarray, y: np.ndarray) -> float:
        constant = np.ptp(x) == 0 or np.ptp(y) == 0
        return 0.0 if constant else float(np.corrcoef(x, y)[0, 1])

    def spearman(x: np.ndarray, y: np.ndarray) -> float:
        return pearson(rankdata(x), rankdata(y))

    found = {}
    for name, statistic in (("Pearson", pearson), ("Spearman", spearman)):
        interval = bootstrap(
            (counts, values), statistic, paired=True, vectorized=False, n_resamples=999,
            method="percentile", rng=np.random.default_rng(seed),
        ).confidence_interval  # fmt: skip
        value = statistic(counts, values)
        found[name] = Correlation(value, float(interval.low), float(interval.high))
    return found


def _pairs(rows: Sequence[Row], trait: str, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """The counts and values of the evaluated students, (students,) each."""
    students = evaluated(rows)
    counts = [TRAITS[trait](row.architecture) for row, _ in students]
    return np.array(counts, float), np.array([METRICS[metric](e) for _, e in students])


def _layers(arch: Architecture, kind: str) -> int:
    return sum(arch.nodes[vertex - 1].op.kind == kind for vertex in arch.active)

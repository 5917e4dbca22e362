"""What a task is scored by: the metrics of GLUE, computed from what was counted of predictions.

`TASK_METRICS` has them by name, for the setting `task.metric`. The score stands wherever a number
says how good a student is besides its robustness: in the floor, the fitness and the picks.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.records import Measurement
from kdnas.registry import Registry


@dataclass(frozen=True)
class TaskMetric:
    """A way to score predictions; its best value is 1.

    Attributes:
        label: What tables call it.
        of: Its value in a measurement.
        numbers: Whether labels are numbers, not classes.
        binary: Whether it is defined for two classes only, of which the second is looked for.
        by_chance: Whether a model without knowledge has a score of 0 in the mean, with an error of
            1 / sqrt(texts). Of others the accuracy tells whether they know anything.
    """

    label: str
    of: Callable[[Measurement], float]
    numbers: bool = False
    binary: bool = False
    by_chance: bool = False


def matthews(m: Measurement) -> float:
    """The correlation of predicted and true classes (Matthews 1975; Gorodkin 2004, eq. 8).

    With N texts of which c are right, n_k of class k and p_k predicted as it,
    (c N - sum n_k p_k) / sqrt((N^2 - sum p_k^2) (N^2 - sum n_k^2)); 0 where either is constant.
    """
    n, right = sum(m.totals), sum(m.correct)
    both = sum(t * p for t, p in zip(m.totals, m.predicted, strict=True))
    spread = (n**2 - sum(p**2 for p in m.predicted)) * (n**2 - sum(t**2 for t in m.totals))
    return (right * n - both) / math.sqrt(spread) if spread else 0.0


def f1(m: Measurement) -> float:
    """The harmonic mean of precision and recall of the second class, 2 r / (n + p).

    Of its n texts r are right, and p texts are predicted as it; 0 where there are none of either.
    """
    count = m.totals[1] + m.predicted[1]
    return 2 * m.correct[1] / count if count else 0.0


def _pearson(m: Measurement) -> float:
    return m.fit.pearson if m.fit else math.nan


def _spearman(m: Measurement) -> float:
    return m.fit.spearman if m.fit else math.nan


TASK_METRICS: Registry[TaskMetric] = Registry(
    "metric of tasks",
    {
        "accuracy": TaskMetric("accuracy", lambda m: m.accuracy),
        "matthews": TaskMetric("Matthews", matthews, by_chance=True),
        "f1": TaskMetric("F1", f1, binary=True),
        "accuracy-f1": TaskMetric(
            "mean of accuracy and F1", lambda m: (m.accuracy + f1(m)) / 2, binary=True
        ),
        "pearson": TaskMetric("Pearson", _pearson, numbers=True, by_chance=True),
        "spearman": TaskMetric("Spearman", _spearman, numbers=True, by_chance=True),
        "pearson-spearman": TaskMetric(
            "mean of Pearson and Spearman",
            lambda m: (_pearson(m) + _spearman(m)) / 2,
            numbers=True,
            by_chance=True,
        ),
    },
    TaskMetric,
)
"""What tasks can be scored by; F1 is that of the second class, in GLUE the class 1."""


def score(measurement: Measurement) -> float:
    """The score of a measurement by its task's metric, not below 0.

    A model that is worse than one without knowledge is worth as little as that.
    """
    return max(TASK_METRICS[measurement.metric].of(measurement), 0.0)


def constant_score(labels: Sequence[float] | np.ndarray, classes: int, metric: str) -> float:
    """The score of always giving the most frequent class, or the mean of the numbers."""
    truth = np.array(labels)
    answer = 0.0 if classes == 1 else np.bincount(truth, minlength=classes).argmax()
    return score(Measurement.of(truth, np.full_like(truth, answer), classes, metric=metric))

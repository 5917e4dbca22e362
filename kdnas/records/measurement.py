"""What a student does on one split, in counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import Self

import numpy as np

from kdnas.records.attack import AttackOutcome

DEGENERATE_SHARE = 0.95
DEGENERATE_ACCURACY = 0.05
_FIT_DIGITS = 10
_DOUBTFUL_SHARE = 0.9
_CHANCE = 0.05


@dataclass(frozen=True)
class Fit:
    """How predicted numbers follow the true ones.

    Attributes:
        pearson: Their correlation; 0 where either are all the same.
        spearman: That of their ranks, equal numbers having their mean rank.
    """

    pearson: float
    spearman: float

    @classmethod
    def of(cls, truth: np.ndarray, predicted: np.ndarray) -> Self:
        """The fit of two rows of numbers, (texts,) each, to ten digits."""
        from scipy.stats import rankdata

        truth, predicted = truth.astype("f8"), predicted.astype("f8")
        if min(np.ptp(truth), np.ptp(predicted)) == 0:
            return cls(0.0, 0.0)
        ranks = rankdata(truth), rankdata(predicted)
        found = (np.corrcoef(*pair)[0, 1] for pair in ((truth, predicted), ranks))
        return cls(*(round(float(value), _FIT_DIGITS) for value in found))


NO_ATTACK = AttackOutcome((), (), ())
"""The outcome where nothing is attacked."""


@dataclass(frozen=True)
class Measurement:
    """A student on one split: its predictions on all texts, and the attack on some of them.

    Counts that are pooled over trials are means over them, so that `texts` stays the number of
    texts and a standard error over texts does not count a text once for each training. Where labels
    are numbers there is one class, nothing is right or wrong, and nothing is attacked: what is a
    share of classes is NaN.

    Attributes:
        correct: Right predictions, one number per true class.
        totals: Texts per true class.
        predicted: Predictions per predicted class.
        attack: The attack's counts.
        spec: Digest of the attack spec.
        metric: What the task is scored by, a name in `kdnas.metrics.TASK_METRICS`.
        fit: Of numbers; None of classes.
    """

    correct: tuple[float, ...]
    totals: tuple[float, ...]
    predicted: tuple[float, ...]
    attack: AttackOutcome
    spec: str = ""
    metric: str = "accuracy"
    fit: Fit | None = None

    @classmethod
    def of(
        cls,
        truth: np.ndarray,
        predicted: np.ndarray,
        classes: int,
        *,
        metric: str = "accuracy",
        attack: AttackOutcome = NO_ATTACK,
        spec: str = "",
    ) -> Self:
        """Count predictions, (texts,), of class numbers or of numbers.

        Args:
            truth: The labels, (texts,).
            predicted: What a model says instead.
            classes: How many there are; 1 where labels are numbers.
            metric: See `metric`.
            attack: See `attack`.
            spec: See `spec`.
        """
        if classes == 1:
            count, fit = (len(truth),), Fit.of(truth.astype("f4"), predicted.astype("f4"))
            return cls((0,), count, count, attack, spec, metric, fit)
        pairs = np.bincount(truth * classes + predicted, minlength=classes * classes)
        table = pairs.reshape(classes, classes)  # true classes are rows
        right, totals, answers = np.diagonal(table), table.sum(axis=1), table.sum(axis=0)
        return cls(
            correct=tuple(right.tolist()),
            totals=tuple(totals.tolist()),
            predicted=tuple(answers.tolist()),
            attack=attack,
            spec=spec,
            metric=metric,
        )

    @property
    def texts(self) -> int:
        """Texts of the split."""
        return round(sum(self.totals))

    @cached_property
    def accuracy(self) -> float:
        """Share of right predictions on the split."""
        return sum(self.correct) / self.texts if self.fit is None else math.nan

    @cached_property
    def robustness(self) -> float:
        """Accuracy under attack on the attacked texts."""
        return self.attack.robustness

    @property
    def worst_class_accuracy(self) -> float:
        """The smallest accuracy among the classes."""
        if self.fit is not None:
            return math.nan
        return min(c / n for c, n in zip(self.correct, self.totals, strict=True) if n)

    @property
    def worst_class_robustness(self) -> float:
        """The smallest accuracy under attack among the classes."""
        return min(self.attack.class_robustness, default=math.nan)

    @cached_property
    def degenerate(self) -> bool:
        """Whether a student always gives the same answer, or nearly, or never that of one class.

        Such a student cannot be attacked: by the paper's fitness it beats every honest one. It is
        one that gives more than 95 % of the texts one answer, or at least 90 % of them where its
        other answers may be right by chance (p > 0.05), or is right on less than 5 % of a class.
        One that predicts numbers is degenerate where they are all the same.
        """
        if self.fit is not None:
            return self.fit == Fit(0.0, 0.0)
        share = max(self.predicted) / self.texts
        if share > DEGENERATE_SHARE or self.worst_class_accuracy < DEGENERATE_ACCURACY:
            return True
        return share >= _DOUBTFUL_SHARE and self._by_chance > _CHANCE

    @property
    def _by_chance(self) -> float:
        """The probability of as many right answers of the most frequent kind, were they drawn.

        Of N texts, n are of the class that is answered k times: r or more of these answers are
        right with the probability sum over x >= r of C(n, x) C(N - n, k - x) / C(N, k).
        """
        often = self.predicted.index(max(self.predicted))
        counts = (self.correct[often], self.totals[often], self.predicted[often])
        (right, n, k), texts = map(round, counts), self.texts
        drawn = (math.comb(n, x) * math.comb(texts - n, k - x) for x in range(right, min(n, k) + 1))
        return sum(drawn) / math.comb(texts, k)


def mean_measurement(measurements: Sequence[Measurement]) -> Measurement:
    """Take every count as its mean over the measurements of the same texts."""
    attacks = [m.attack for m in measurements]
    queries = [a.queries for a in attacks if a.queries is not None]
    attack = AttackOutcome(
        _means([a.skipped for a in attacks]),
        _means([a.succeeded for a in attacks]),
        _means([a.failed for a in attacks]),
        fmean(queries) if len(queries) == len(attacks) else None,
        fmean(a.summed_changed_shares for a in attacks),
    )
    fits = [m.fit for m in measurements if m.fit]
    return replace(
        measurements[0],
        correct=_means([m.correct for m in measurements]),
        totals=_means([m.totals for m in measurements]),
        predicted=_means([m.predicted for m in measurements]),
        attack=attack,
        fit=Fit(fmean(f.pearson for f in fits), fmean(f.spearman for f in fits)) if fits else None,
    )


def _means(counts: Sequence[Sequence[float]]) -> tuple[float, ...]:
    return tuple(fmean(values) for values in zip(*counts, strict=True))

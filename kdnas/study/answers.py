"""`Answers`: what trainings say of each text, scored by the task's metric, and tested in pairs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdnas.analysis.paper import Estimate, compare, share
from kdnas.metrics import TASK_METRICS, points
from kdnas.records import Measurement

GROUPS = 100
"""Groups of texts that the jackknife leaves out one after the other, at most."""

SWAPS = 999
"""Draws of a test by randomisation."""

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Answers:
    """What the trainings of one student by one method say of the texts of report-val.

    Attributes:
        truth: The class or the number of each text, (texts,).
        predicted: What each training says instead, (trainings, texts).
        classes: How many there are; 1 where labels are numbers.
        metric: What they are scored by, a name in `kdnas.metrics.TASK_METRICS`.
    """

    truth: np.ndarray
    predicted: np.ndarray
    classes: int
    metric: str

    @property
    def right(self) -> np.ndarray:
        """Whether each training (rows) is right on each text (columns); of classes."""
        return self.predicted == self.truth

    @property
    def score(self) -> Estimate:
        """The score by the task's metric in points, over texts and trainings."""
        if self.metric == "accuracy":
            return share(self.right)
        return jackknifed(self.each, len(self.truth))

    def each(self, chosen: Any = slice(None)) -> np.ndarray:
        """The score of each training on the chosen texts in points, (trainings,)."""
        of, truth = TASK_METRICS[self.metric].of, self.truth[chosen]
        measured = (
            Measurement.of(truth, told[chosen], self.classes, metric=self.metric)
            for told in self.predicted
        )
        return points(np.array([of(m) for m in measured]))


@dataclass(frozen=True)
class Gap:
    """How much better one student scores than another, in points, and whether by chance."""

    difference: Estimate
    p: float


def score_gap(first: Answers, second: Answers) -> Gap:
    """Test two students whose trainings of one seed are a pair, by the metric of their task.

    Accuracy is a mean over texts and has an exact test (`held_gap`). Other metrics are not;
    they are tested by randomisation (Noreen 1989; Yeh 2000): if the methods could be exchanged, so
    could their answers on every text, of all trainings together. The p value is the share of
    `SWAPS` such exchanges, the one that was seen among them, with a difference as large. Numbers
    are brought to one mean and spread first, which no correlation depends on.
    """
    if first.metric == "accuracy":
        return held_gap(first.right, second.right)
    pairs = min(len(first.predicted), len(second.predicted))
    one, other = (_standard(each.predicted[:pairs], each.classes) for each in (first, second))
    truth, classes, metric = first.truth, first.classes, first.metric

    def gaps(one: np.ndarray, other: np.ndarray, chosen: Any = slice(None)) -> np.ndarray:
        scores = (Answers(truth, each, classes, metric).each(chosen) for each in (one, other))
        return next(scores) - next(scores)

    difference = jackknifed(lambda chosen: gaps(one, other, chosen), len(truth))
    rng = np.random.default_rng(0)
    as_far, least = 1, abs(difference.value) - _ROUNDING
    for _ in range(SWAPS):
        swapped = rng.random(len(truth)) < 0.5
        exchanged = np.where(swapped, other, one), np.where(swapped, one, other)
        as_far += abs(gaps(*exchanged).mean()) >= least
    return Gap(difference, as_far / (SWAPS + 1))


def held_gap(first: np.ndarray, second: np.ndarray) -> Gap:
    """Test two students by the texts that each training (rows) holds (columns), exactly."""
    pairs = min(len(first), len(second))
    gaps = first[:pairs].astype(float) - second[:pairs]
    return Gap(share(gaps), compare(first, second).p)


def jackknifed(each: Callable[[np.ndarray], np.ndarray], texts: int) -> Estimate:
    """The mean of a score over trainings, with the variances over texts and over trainings.

    That over texts is the jackknife's: with g groups left out in turn, (g - 1) / g times the sum of
    the squared distances of the g scores from their mean (Tukey 1958).

    Args:
        each: From the texts that are chosen to the score of each training.
        texts: How many there are.
    """
    every, groups = np.arange(texts), min(texts, GROUPS)
    whole = each(every)
    without = np.array([each(every[every % groups != g]).mean() for g in range(groups)])
    variance = (groups - 1) * without.var()
    if len(whole) > 1:
        variance += whole.var(ddof=1) / len(whole)
    return Estimate(float(whole.mean()), math.sqrt(variance))


def _standard(predicted: np.ndarray, classes: int) -> np.ndarray:
    """Numbers with mean 0 and spread 1 in each training; classes as they are."""
    if classes > 1:
        return predicted
    spread = predicted.std(axis=1, keepdims=True)
    return (predicted - predicted.mean(axis=1, keepdims=True)) / np.where(spread, spread, 1.0)

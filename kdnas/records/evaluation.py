"""What an evaluation of a student asks and gives: measurements, failures."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import fmean
from typing import Generic, Literal, Self

import numpy as np
from typing_extensions import TypeVar

from kdnas.records.attack import AttackOutcome, TextOutcome
from kdnas.space import Genotype

FailureKind = Literal["oom", "timeout", "non_finite", "killed", "exception"]

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


@dataclass(frozen=True)
class Evaluation:
    """A distilled and attacked student.

    Attributes:
        parameters: All trainable parameters.
        block_parameters: Those outside the embedding tables.
        flops: Floating-point operations of one text of the longest length.
        search: The measurement on the search-val split, which guides the search.
        loss: Distillation loss of the last epoch.
        train_seconds, attack_seconds: Wall time of the two stages.
        texts: The attacked texts one by one.
        predictions: The predicted class, or number, of every text of search-val, where they were
            kept.
        values: The values of metrics that users have added, by name, so that they can be read
            without the code of these metrics.
        weights: SHA-256 of the stored weights; "" where none were stored.
    """

    parameters: int
    block_parameters: int
    flops: int
    search: Measurement
    loss: float = math.nan
    train_seconds: float = 0.0
    attack_seconds: float = 0.0
    texts: tuple[TextOutcome, ...] = ()
    predictions: tuple[float, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict, hash=False)
    weights: str = ""


@dataclass(frozen=True)
class Report:
    """A student of the front on the report-val split, which no decision was based on."""

    measurement: Measurement
    seconds: float = 0.0
    texts: tuple[TextOutcome, ...] = ()
    predictions: tuple[float, ...] = ()


Stage = Literal["search", "report"]


@dataclass(frozen=True)
class Job:
    """One unit of work: a student to train and measure, or one of the front to report on.

    Attributes:
        birth: The number of the student in the run.
        architecture: The student.
        seed: The seed of the training.
        stage: What is measured.
        replicate: Which training of the student at this fidelity.
        fidelity: The share of the epochs that it is trained for.
        weights: SHA-256 that stored weights must have to be taken; "" where any are taken.
    """

    birth: int
    architecture: Genotype
    seed: int
    stage: Stage = "search"
    replicate: int = 0
    fidelity: float = 1.0
    weights: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a student could not be evaluated."""

    kind: FailureKind
    message: str


JobT = TypeVar("JobT", default=Job)
ResultT = TypeVar("ResultT", default=Evaluation | Report)
"""What workers are given and give: the jobs of a search, or the trainings of a comparison."""

Result = Evaluation | Report | Failure


@dataclass(frozen=True)
class Finished(Generic[JobT, ResultT]):
    """A job that has come to its end.

    Attributes:
        attempts: How often it was tried; the result is the last attempt's.
        seconds: Wall time of the last attempt.
        worker: Host and process id of its worker; "" for this process.
        recalled: Whether the result was taken from another run.
    """

    job: JobT
    result: ResultT | Failure
    attempts: int = 1
    seconds: float = 0.0
    worker: str = ""
    recalled: bool = False


Evaluate = Callable[[JobT], ResultT]
"""What a search is given to evaluate with; it raises where a student cannot be evaluated."""


class EvaluationFailed(RuntimeError):
    """Raised inside an evaluation to end it as a typed failure."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)


def pooled(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The mean of several trials of one student; a single one is taken as it is."""
    first = evaluations[0]
    if len(evaluations) == 1:
        return first
    return replace(
        first,
        search=_mean_measurement([e.search for e in evaluations]),
        loss=fmean(e.loss for e in evaluations),
        train_seconds=fmean(e.train_seconds for e in evaluations),
        attack_seconds=fmean(e.attack_seconds for e in evaluations),
        values={name: fmean(e.values[name] for e in evaluations) for name in first.values},
        texts=(),
        predictions=(),
    )


def _mean_measurement(measurements: Sequence[Measurement]) -> Measurement:
    """Every count as its mean over the measurements of the same texts."""
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

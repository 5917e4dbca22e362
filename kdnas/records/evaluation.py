"""What an evaluation of a student asks and gives: jobs, results, failures."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Generic, Literal

from typing_extensions import TypeVar

from kdnas.records.attack import TextOutcome
from kdnas.records.measurement import Measurement, mean_measurement
from kdnas.space import Genotype

FailureKind = Literal["oom", "timeout", "non_finite", "killed", "exception"]


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
        search=mean_measurement([e.search for e in evaluations]),
        loss=fmean(e.loss for e in evaluations),
        train_seconds=fmean(e.train_seconds for e in evaluations),
        attack_seconds=fmean(e.attack_seconds for e in evaluations),
        values={name: fmean(e.values[name] for e in evaluations) for name in first.values},
        texts=(),
        predictions=(),
    )

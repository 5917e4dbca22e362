"""What an evaluation of a student asks and gives: measurements, failures."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from kdnas.records.attack import AttackOutcome, TextOutcome
from kdnas.space import Genotype

FailureKind = Literal["oom", "timeout", "non_finite", "killed", "exception"]

DEGENERATE_SHARE = 0.95
DEGENERATE_ACCURACY = 0.05


@dataclass(frozen=True)
class Measurement:
    """A student on one split: its predictions on all texts, and the attack on some of them.

    Attributes:
        correct: Right predictions, one number per true class.
        totals: Texts per true class.
        predicted: Predictions per predicted class.
        attack: The attack's counts.
        spec: Digest of the attack spec.
    """

    correct: tuple[int, ...]
    totals: tuple[int, ...]
    predicted: tuple[int, ...]
    attack: AttackOutcome
    spec: str = ""

    @property
    def texts(self) -> int:
        """Texts of the split."""
        return sum(self.totals)

    @cached_property
    def accuracy(self) -> float:
        """Share of right predictions on the split."""
        return sum(self.correct) / self.texts

    @cached_property
    def robustness(self) -> float:
        """Accuracy under attack on the attacked texts."""
        return self.attack.robustness

    @property
    def worst_class_accuracy(self) -> float:
        """The smallest accuracy among the classes."""
        return min(c / n for c, n in zip(self.correct, self.totals, strict=True) if n)

    @property
    def worst_class_robustness(self) -> float:
        """The smallest accuracy under attack among the classes."""
        return min(self.attack.class_robustness)

    @cached_property
    def degenerate(self) -> bool:
        """Whether one class takes over 95 % of the predictions or one is hardly ever right.

        A student that always gives the same answer cannot be attacked: by the paper's fitness it
        beats every honest one.
        """
        share = max(self.predicted) / self.texts
        return share > DEGENERATE_SHARE or self.worst_class_accuracy < DEGENERATE_ACCURACY


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
    """

    parameters: int
    block_parameters: int
    flops: int
    search: Measurement
    loss: float = math.nan
    train_seconds: float = 0.0
    attack_seconds: float = 0.0
    texts: tuple[TextOutcome, ...] = ()


@dataclass(frozen=True)
class Report:
    """A student of the front on the report-val split, which no decision was based on."""

    measurement: Measurement
    seconds: float = 0.0
    texts: tuple[TextOutcome, ...] = ()


Stage = Literal["search", "report"]


@dataclass(frozen=True)
class Job:
    """One unit of work: a student to train and measure, or one of the front to report on."""

    birth: int
    architecture: Genotype
    seed: int
    stage: Stage = "search"


@dataclass(frozen=True)
class Failure:
    """Why a student could not be evaluated."""

    kind: FailureKind
    message: str


Result = Evaluation | Report | Failure


@dataclass(frozen=True)
class Finished:
    """A job that has come to its end.

    Attributes:
        attempts: How often it was tried; the result is the last attempt's.
        seconds: Wall time of the last attempt.
        worker: Host and process id of its worker; "" for this process.
    """

    job: Job
    result: Result
    attempts: int = 1
    seconds: float = 0.0
    worker: str = ""


Evaluate = Callable[[Job], Evaluation | Report]
"""What a search is given to evaluate with; it raises where a student cannot be evaluated."""


class EvaluationFailed(RuntimeError):
    """Raised inside an evaluation to end it as a typed failure."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.failure = Failure(kind, message)

"""What searches make of scores: the paper's fitness, and the floor under the accuracy."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from kdnas.metrics.scores import score
from kdnas.records import DEGENERATE_ACCURACY, Evaluation


@dataclass(frozen=True)
class Weights:
    """The weights mu of the paper's fitness, and which parameters it counts."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "allow_inf_nan": False}

    accuracy: float = 1.0
    robustness: float = 1.0
    parameters: float = 2.0
    count: Literal["all", "blocks"] = "all"


PAPER_WEIGHTS = Weights()


def fitness(evaluation: Evaluation, weights: Weights = PAPER_WEIGHTS) -> float:
    """F = mu1 A + mu2 A_adv - mu3 P in points (Guo 2021, section 5.4).

    A and A_adv are in percent and P in millions of parameters. A is the task's score, whatever its
    metric, and A_adv is left out where nothing is attacked.
    """
    size = evaluation.parameters if weights.count == "all" else evaluation.block_parameters
    search = evaluation.search
    return (
        100 * weights.accuracy * score(search)
        + (100 * weights.robustness * search.robustness if search.attack.texts else 0.0)
        - weights.parameters * size / 1e6
    )


def accuracy_floor(majority_share: float, teacher_accuracy: float) -> float:
    """The default floor: the majority share plus a third of the teacher's margin over it.

    Both are scores by the task's metric; the share is that of a constant answer.

    >>> round(accuracy_floor(0.5, 0.8), 6)
    0.6
    """
    return majority_share + max(teacher_accuracy - majority_share, 0.0) / 3


def violation(evaluation: Evaluation, floor: float) -> float:
    """How far the task's score is below the floor; at most 0 where it is not.

    A degenerate student violates every floor above 0.
    """
    gap = floor - score(evaluation.search)
    return max(gap, DEGENERATE_ACCURACY) if floor and evaluation.search.degenerate else gap

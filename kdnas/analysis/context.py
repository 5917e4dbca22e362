"""`RunContext`: what tables and figures need to know about a run besides its students."""

from collections.abc import Mapping
from dataclasses import dataclass

from kdnas.metrics import Metric, Weights

OFFLINE = "offline resources: not comparable with published numbers"
"""What every reader of offline results is told."""


@dataclass(frozen=True)
class RunContext:
    """A run as its readers see it.

    Attributes:
        title: Its name.
        objectives: What its front is made of.
        floor: The accuracy floor (share).
        majority_share: Accuracy of always answering the most frequent class.
        weights: Weights of the paper's fitness.
        teacher_accuracy: The teacher's accuracy on the same texts (share), where it is known.
        offline: Whether the scores come from the offline resources.
        limits: Ends of the scales of the hypervolume by metric; see `reference_point`.
    """

    title: str
    objectives: tuple[Metric, ...]
    floor: float
    majority_share: float
    weights: Weights
    teacher_accuracy: float | None
    offline: bool
    limits: Mapping[str, float]

    @property
    def caveat(self) -> str:
        """What is said below every picture of the run; "" where nothing has to be."""
        return OFFLINE if self.offline else ""

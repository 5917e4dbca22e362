"""`RunContext`: what tables and figures need to know about a run besides its students."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kdnas.metrics import Metric, Weights, metrics_of
from kdnas.records import AttackSpec
from kdnas.runs.archive import Archive
from kdnas.runs.folder import RunFolder, stored_config
from kdnas.runs.rows import Row

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
        spec: The attack on every student; None before it is known, and where there is none.
        metric: What the task is scored by; floor, share and teacher's accuracy are such scores.
    """

    title: str
    objectives: tuple[Metric, ...]
    floor: float
    majority_share: float
    weights: Weights
    teacher_accuracy: float | None
    offline: bool
    limits: Mapping[str, float]
    spec: AttackSpec | None = None
    metric: str = "accuracy"

    @property
    def caveat(self) -> str:
        """What is said below every picture of the run; "" where nothing has to be."""
        return OFFLINE if self.offline else ""


def run_context(folder: RunFolder, archive: Archive, rows: list[Row]) -> RunContext:
    """What tables and figures say of a run besides its students."""
    config = stored_config(archive)
    objectives = metrics_of(config.search.objectives, archive.meta("metrics", {}))
    return RunContext(
        title=folder.path.name,
        objectives=objectives,
        floor=archive.share("floor", 0.0),
        majority_share=archive.share("majority_share", 0.0),
        weights=config.fitness,
        teacher_accuracy=_teacher_accuracy(archive),
        offline=config.attack.resources == "offline",
        limits=largest_seen(rows, objectives),
        spec=next(iter(archive.specs().values()), None),
        metric=config.task.metric,
    )


def largest_seen(rows: Sequence[Row], objectives: Sequence[Metric]) -> dict[str, float]:
    """The largest value of each objective without an end of its own; 1 where all are 0."""
    students = [row.evaluation for row in rows if row.evaluation]
    return {
        metric.name: max((metric.value(e) for e in students), default=0) or 1
        for metric in objectives
        if metric.most is None
    }


def _teacher_accuracy(archive: Archive) -> float | None:
    known = archive.meta("teacher_accuracy") is not None
    return archive.share("teacher_accuracy") if known else None

"""`RunContext`: what tables and figures need to know about a run besides its students."""

from dataclasses import dataclass

from kdnas.objectives import ObjectiveName, Weights
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
        largest: Parameter count at which the hypervolume begins; see `reference_point`.
    """

    title: str
    objectives: tuple[ObjectiveName, ...]
    floor: float
    majority_share: float
    weights: Weights
    teacher_accuracy: float | None
    offline: bool
    largest: int

    @property
    def caveat(self) -> str:
        """What is said below every picture of the run; "" where nothing has to be."""
        return OFFLINE if self.offline else ""


def run_context(folder: RunFolder, archive: Archive, rows: list[Row]) -> RunContext:
    """What tables and figures say of a run besides its students."""
    config = stored_config(archive)
    sizes = [row.evaluation.parameters for row in rows if row.evaluation]
    return RunContext(
        title=folder.path.name,
        objectives=config.search.objectives,
        floor=archive.share("floor", 0.0),
        majority_share=archive.share("majority_share", 0.0),
        weights=config.fitness,
        teacher_accuracy=_teacher_accuracy(archive),
        offline=config.attack.resources == "offline",
        largest=max(sizes, default=1),
    )


def _teacher_accuracy(archive: Archive) -> float | None:
    known = archive.meta("teacher_accuracy") is not None
    return archive.share("teacher_accuracy") if known else None

"""What a run is doing, for another terminal: a small file in its folder."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE_NAME = "status.json"


@dataclass
class Status:
    """The state of a run; times are seconds since 1970.

    Attributes:
        stage: What it does.
        done, total: Students of the stage; total is None where a stage has none.
        recorded: Those of `done` that an earlier session or another run had evaluated.
        failed: Students of the stage that failed, by kind.
        busy, slots: Workers with a student, and all there are.
        first: Students of the stage that the pace leaves out: those that the workers began with,
            since the time that these take to start is in it.
        since: When the stage started, or the last of these was done.
        updated: When this was written.
    """

    stage: str = ""
    done: int = 0
    total: int | None = None
    recorded: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    busy: int = 0
    slots: int = 0
    first: int = 0
    since: float = 0.0
    updated: float = 0.0

    @property
    def evaluated(self) -> int:
        """Students of the stage that were evaluated in this session."""
        return self.done - self.recorded

    @property
    def per_hour(self) -> float:
        """Students evaluated an hour in this stage and session."""
        passed = max(self.updated - self.since, 1e-9)
        return 3600 * (self.evaluated - self.first) / passed

    @property
    def seconds_left(self) -> float | None:
        """Seconds left of the stage, at its pace so far; None where that cannot be told."""
        if self.total is None or self.evaluated <= self.first:
            return None
        return 3600 * (self.total - self.done) / self.per_hour


def write_status(folder: Path, status: Status) -> None:
    """Replace the status of a run.

    Raises:
        OSError: It cannot be written.
    """
    path = folder / FILE_NAME
    beside = path.with_suffix(".new")
    try:
        beside.write_text(json.dumps(asdict(status)))
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def read_status(folder: Path) -> Status | None:
    """The last status of a run; None where there is none that can be read."""
    try:
        return Status(**json.loads((folder / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None

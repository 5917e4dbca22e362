"""What a run is doing, for another terminal: a small file, replaced every few seconds."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol, Self

from kdnas.records import Failure, Finished
from kdnas.runs.rows import Birth

FILE_NAME = "status.json"
SECONDS = 2.0
"""Between two writes."""


@dataclass
class Status:
    """Where a run is; times are seconds since 1970.

    Attributes:
        stage: What it does.
        done, total: Students of the stage; total is None where a stage has none.
        recorded: Those of `done` that an earlier session or another run had evaluated.
        failed: Students of the stage that failed, by kind.
        busy, slots: Workers with a student, and all there are.
        since: When the stage started.
        updated: When this was written.
    """

    stage: str = ""
    done: int = 0
    total: int | None = None
    recorded: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    busy: int = 0
    slots: int = 0
    since: float = 0.0
    updated: float = 0.0

    @property
    def per_hour(self) -> float:
        """Students evaluated an hour in this stage and session."""
        passed = max(self.updated - self.since, 1e-9)
        return 3600 * (self.done - self.recorded) / passed

    @property
    def seconds_left(self) -> float | None:
        """Of the stage, at its pace so far; None where that cannot be told."""
        if self.total is None or self.done <= self.recorded:
            return None
        return 3600 * (self.total - self.done) / self.per_hour


class Observer(Protocol):
    """Who is told how a run gets on."""

    def stage(self, status: Status) -> None:
        """A stage starts."""
        ...

    def finished(self, birth: Birth, done: Finished, status: Status) -> None:
        """A trial has ended, or was found in the archive."""
        ...


class Crew(Protocol):
    """Whoever evaluates, as far as a status tells of it."""

    @property
    def slots(self) -> int:
        """Workers."""
        ...

    @property
    def busy(self) -> int:
        """Those with a student."""
        ...


class StatusFile:
    """Keeps the file of a run up to date.

    Args:
        folder: The run folder.
        observer: Who is told whenever something has changed.
        recorded: Students that have a result already.
    """

    def __init__(self, folder: Path, observer: Observer, recorded: int = 0) -> None:
        self._path, self._observer = folder / FILE_NAME, observer
        self._recorded = recorded
        self._status, self._crew = Status(), list[Crew]()
        self._over, self._lock = Event(), Lock()

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage starts; `total` is its number of students, if it has one."""
        recorded = self._recorded if name == "search" else 0
        self._status = Status(name, total=total, recorded=recorded, since=time.time())
        self._write()
        self._observer.stage(self._status)

    def finished(self, birth: Birth, done: Finished) -> None:
        """Count a trial that has ended."""
        with self._lock:
            self._status.done += 1
            self._status.recorded += done.recalled
            if isinstance(done.result, Failure):
                failed = self._status.failed
                failed[done.result.kind] = failed.get(done.result.kind, 0) + 1
            self._look()
        self._observer.finished(birth, done, self._status)

    @contextmanager
    def watching(self, crew: Crew) -> Iterator[None]:
        """Inside the context, tell of these workers too."""
        self._crew = [crew]
        try:
            yield
        finally:
            with self._lock:  # nobody asks them any more when it ends
                self._crew = []

    def __enter__(self) -> Self:
        Thread(target=self._keep_writing, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _keep_writing(self) -> None:
        while not self._over.wait(SECONDS):
            self._write()

    def _write(self) -> None:
        """Replace the file; that it cannot be written is no reason to end a run."""
        beside = self._path.with_suffix(".new")
        with self._lock, suppress(OSError):
            self._look()
            beside.write_text(json.dumps(asdict(self._status)))
            os.replace(beside, self._path)

    def _look(self) -> None:
        for crew in self._crew:
            self._status.busy, self._status.slots = crew.busy, crew.slots
        self._status.updated = time.time()


def read_status(folder: Path) -> Status | None:
    """The last status of a run; None where there is none that can be read."""
    try:
        return Status(**json.loads((folder / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None

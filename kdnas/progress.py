"""How a run gets on: counted and timed, and told to its user and to other terminals."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Self

from kdnas.records import Failure, Finished
from kdnas.runs import Archive, Birth
from kdnas.runs.status import Status, write_status
from kdnas.workers import Workers

SECONDS = 2.0
"""The time between two writes of the status."""


class Listener:
    """Who is told how a run or a reproduction gets on; this one does nothing with it."""

    def stage(self, status: Status) -> None:
        """A stage of a run starts."""

    def finished(self, birth: Birth, done: Finished, status: Status) -> None:
        """A trial has ended, or was found in the archive."""

    def remark(self, remark: str) -> None:
        """Something that the user should know has come up."""

    def part(self, description: str) -> None:
        """A part of a reproduction starts or goes on."""

    def counted(self, part: str, what: str, done: int, total: int) -> None:
        """One more of what a part has to do is done, and so many of all."""


NOBODY = Listener()


class Progress:
    """Times the stages of a run, counts its trials, and tells of both; used as a context manager.

    Args:
        folder: The run folder; `Status` is kept in it, and kept fresh.
        archive: Its archive; the seconds of each stage are added up in it, over all resumes.
        listener: Is told of every stage and trial.
    """

    def __init__(self, folder: Path, archive: Archive, listener: Listener = NOBODY) -> None:
        self._folder, self._archive, self._listener = folder, archive, listener
        self._seconds: dict[str, float] = archive.meta("stages", {})
        self._status, self._started = Status(), 0.0
        self._workers: Workers | None = None
        self._over, self._lock = Event(), Lock()
        self._writer = Thread(target=self._keep_writing, daemon=True)

    def stage(self, name: str, total: int | None = None, recorded: int = 0) -> None:
        """End the running stage and start another.

        Args:
            name: What is done now.
            total: Its number of students, if it has one.
            recorded: Those among them that have a result already.
        """
        self._end_stage()
        first = self._workers.slots if self._workers else 0
        self._status = Status(name, 0, total, recorded, first=first, since=time.time())
        self._started = time.perf_counter()
        self._write()
        self._listener.stage(self._status)

    def finished(self, birth: Birth, done: Finished) -> None:
        """Count a trial that has ended."""
        with self._lock:
            self._status.done += 1
            self._status.recorded += done.recalled
            if isinstance(done.result, Failure):
                failed = self._status.failed
                failed[done.result.kind] = failed.get(done.result.kind, 0) + 1
            self._look()
            if not done.recalled and self._status.evaluated == self._status.first:
                self._status.since = time.time()
        self._listener.finished(birth, done, self._status)

    @contextmanager
    def watching(self, workers: Workers) -> Iterator[None]:
        """Inside the context, tell of these workers too."""
        self._workers = workers
        try:
            yield
        finally:
            with self._lock:  # nobody asks them any more when it ends
                self._workers = None

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._writer.join()  # it writes into no folder that is deleted next
        self._end_stage()

    def _end_stage(self) -> None:
        name = self._status.stage
        if name:
            passed = time.perf_counter() - self._started
            self._seconds[name] = self._seconds.get(name, 0.0) + passed
            self._archive.set_meta(stages=self._seconds)

    def _keep_writing(self) -> None:
        while not self._over.wait(SECONDS):
            self._write()

    def _write(self) -> None:
        with self._lock, suppress(OSError):  # no reason to end a run
            self._look()
            write_status(self._folder, self._status)

    def _look(self) -> None:
        if self._workers is not None:
            self._status.busy, self._status.slots = self._workers.busy, self._workers.slots
        self._status.updated = time.time()

"""Evaluations in several processes of this machine, which may die without taking the run along."""

import socket
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Generic, Self

from kdnas.errors import UserError
from kdnas.records import Evaluate, Failure, Finished, JobT, ResultT
from kdnas.workers.child import Child, Signal, WorkerLost, died, overdue
from kdnas.workers.task import Task

STARTS = 3
"""So many processes in a row may die before they are ready."""


@dataclass
class _Run(Generic[JobT, ResultT]):
    """A task in a child; `since` is when the child began it, None while it prepares."""

    child: Child
    task: Task[JobT, ResultT]
    since: float | None = None


class Processes(Generic[JobT, ResultT]):
    """`Workers` in spawned processes; each calls `make_evaluate` once, before its first job.

    A process that dies, or takes longer for a job than `timeout`, is replaced.

    Args:
        make_evaluate: Makes what evaluates; pickled. What it raises ends the run.
        jobs: Number of processes.
        timeout: Seconds that a job may take; None for no limit.
        gpus: Process n sees GPU n of these only, from the first again where there are more.

    Raises:
        UserError: `jobs` is below 1.
    """

    def __init__(
        self,
        make_evaluate: Callable[[], Evaluate[JobT, ResultT]],
        jobs: int,
        timeout: float | None = None,
        gpus: Sequence[int] = (),
    ) -> None:
        if jobs < 1:
            raise UserError(f"{jobs} processes: use at least 1")
        self.slots = jobs
        self._make_evaluate, self._timeout, self._gpus = make_evaluate, timeout, gpus
        self._waiting: deque[Task[JobT, ResultT]] = deque()
        self._running: dict[Connection, _Run[JobT, ResultT]] = {}
        self._idle: list[Child] = []
        self._ended: deque[Finished[JobT, ResultT]] = deque()
        self._lost_starts = 0

    @property
    def busy(self) -> int:
        """Processes with a job."""
        return len(self._running)

    def submit(self, job: JobT) -> None:
        """Start a job, or let it wait for a process."""
        self._waiting.append(Task(job))
        self._start()

    def next(self) -> Finished[JobT, ResultT]:
        """The next job that ends."""
        while not self._ended:
            self._start()
            for pipe in wait(list(self._running), self._seconds_left()):
                assert isinstance(pipe, Connection)
                self._hear(self._running[pipe])
            self._end_overdue()
        self._start()
        return self._ended.popleft()

    def cancel(self) -> None:
        """End every process; the next job starts new ones."""
        children = [run.child for run in self._running.values()] + self._idle
        self._waiting.clear()
        self._running.clear()
        self._ended.clear()
        self._idle = []
        for child in children:
            child.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def _start(self) -> None:
        """Give waiting tasks to free processes, in order; one that needs to be alone waits."""
        while self._waiting and len(self._running) < self.slots:
            alone = self._waiting[0].alone or any(r.task.alone for r in self._running.values())
            if alone and self._running:
                return
            self._give(self._waiting.popleft())

    def _give(self, task: Task[JobT, ResultT]) -> None:
        while self._idle:
            run = _Run(self._idle.pop(), task)
            try:
                self._begin(run)
            except WorkerLost:
                continue  # it died between two jobs: nobody's fault
            self._running[run.child.pipe] = run
            return
        child = Child(self._make_evaluate, self._least_used_gpu())
        self._running[child.pipe] = _Run(child, task)

    def _least_used_gpu(self) -> int | None:
        children = [run.child for run in self._running.values()] + self._idle
        used = Counter(child.gpu for child in children)
        return min(self._gpus, key=lambda gpu: used[gpu], default=None)

    def _begin(self, run: _Run[JobT, ResultT]) -> None:
        run.child.send(run.task.job)
        run.since = time.monotonic()

    def _hear(self, run: _Run[JobT, ResultT]) -> None:
        """Take what a child says."""
        pipe = run.child.pipe
        try:
            said = run.child.receive()
            if isinstance(said, Signal):
                self._lost_starts = 0
                self._begin(run)
                return
        except WorkerLost as lost:
            del self._running[pipe]
            if run.since is None:
                self._restart(run.task, str(lost))
            else:
                self._end(run, died(str(lost)))
            return
        del self._running[pipe]
        self._idle.append(run.child)
        self._end(run, said)

    def _end(self, run: _Run[JobT, ResultT], result: ResultT | Failure) -> None:
        """Keep the result of an attempt, or have it tried again before all others."""
        assert run.since is not None
        seconds = time.monotonic() - run.since
        ended = run.task.ended(result, seconds, f"{socket.gethostname()}:{run.child.pid}")
        if ended is None:
            self._waiting.appendleft(run.task)
        else:
            self._ended.append(ended)

    def _restart(self, task: Task[JobT, ResultT], how: str) -> None:
        self._lost_starts += 1
        if self._lost_starts == STARTS:
            raise UserError(
                f"{STARTS} worker processes in a row died while they started ({how}):"
                " is there enough memory for so many? Try fewer --jobs"
            )
        self._waiting.appendleft(task)

    def _seconds_left(self) -> float | None:
        """Until the first job has taken too long; None where none can."""
        begun = [run.since for run in self._running.values() if run.since is not None]
        if self._timeout is None or not begun:
            return None
        return max(min(begun) + self._timeout - time.monotonic(), 0.0)

    def _end_overdue(self) -> None:
        """End the processes that have taken too long for their job."""
        if self._timeout is None:
            return
        now = time.monotonic()
        for pipe, run in list(self._running.items()):
            if run.since is not None and now - run.since >= self._timeout:
                del self._running[pipe]
                run.child.kill()
                self._end(run, overdue(self._timeout))

"""Several jobs at once, each in a process of its own."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from types import TracebackType
from typing import Self

from kdnas.records import Evaluate, Failure, Job, Result
from kdnas.workers.guarded import guarded

MakeEvaluate = Callable[[], Evaluate]

ATTEMPTS = 3
"""Runs of a job whose process dies, before it is called killed."""


class Processes:
    """A pool of spawned processes; each calls `make_evaluate` once.

    A process that dies takes the pool with it and does not say which job it was at. So what was
    outstanding runs again one job at a time, until each has a result or has died `ATTEMPTS` times.

    Args:
        make_evaluate: Picklable; gives a process what it evaluates with.
        jobs: Processes.
    """

    def __init__(self, make_evaluate: MakeEvaluate, jobs: int) -> None:
        self._make, self._jobs = make_evaluate, jobs
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Every job with its result, as they finish."""
        futures = {self._submit(job): job for job in jobs}
        suspects = []
        for future in as_completed(futures):
            try:
                result = future.result()
            except BrokenProcessPool:
                suspects.append(futures[future])
            else:
                yield futures[future], result
        for job in sorted(suspects, key=lambda job: job.birth):
            self._stop()
            yield job, self._alone(job)

    def _alone(self, job: Job) -> Result:
        for _ in range(ATTEMPTS - 1):  # the first run is the one it is a suspect for
            try:
                return self._submit(job).result()
            except BrokenProcessPool:
                self._stop()
        return Failure("killed", f"the worker process died {ATTEMPTS} times")

    def _submit(self, job: Job) -> "Future[Result]":
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._jobs, multiprocessing.get_context("spawn"), initializer=_ignore_interrupts
            )
        return self._pool.submit(_work, self._make, job)

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:  # do not wait for students that nobody will ask for
            for process in multiprocessing.active_children():
                process.terminate()
        self._stop()


def _work(make: MakeEvaluate, job: Job) -> Result:
    return guarded(_evaluator(make), job)


@cache
def _evaluator(make: MakeEvaluate) -> Evaluate:
    """Made at the first job of a process, where an error in it reaches the driver."""
    return make()


def _ignore_interrupts() -> None:
    """Ctrl-C is for the driver, which ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

"""Evaluations in several processes, which may die without taking the run along."""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Self

from kdnas.errors import UserError
from kdnas.records import Evaluate, Failure, Job, Result
from kdnas.workers.guarded import guarded

RETRIES = 2
"""How often a job is tried again after its process died."""


class Processes:
    """`Workers` in `jobs` spawned processes; each calls `make_evaluate` once, before its first job.

    When a process dies its pool is lost, and the pool does not say whose fault it was. So the jobs
    that were running are suspects: they run again, alone, at the end. Who kills its process alone
    too is retried, and in the end has failed as `killed`.

    Args:
        make_evaluate: Makes what evaluates; it is pickled, so a function of a module or a
            `functools.partial` of one. What it raises ends the run.
        jobs: Number of processes.

    Raises:
        UserError: `jobs` is below 1.
    """

    def __init__(self, make_evaluate: Callable[[], Evaluate], jobs: int) -> None:
        if jobs < 1:
            raise UserError(f"{jobs} processes: use at least 1")
        self._make_evaluate, self._jobs = make_evaluate, jobs
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Every job with its result, as they finish."""
        suspects: list[Job] = []
        try:
            yield from self._together(jobs, suspects)
            for job in suspects:
                yield job, self._alone(job)
        except BaseException:  # an interrupt, or the caller has stopped listening
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _together(self, jobs: Sequence[Job], suspects: list[Job]) -> Iterator[tuple[Job, Result]]:
        """Run `jobs`, never more at a time than there are processes; add to `suspects`."""
        waiting = deque(jobs)
        running: dict[Future[Result], Job] = {}
        while waiting or running:
            while waiting and len(running) < self._jobs:
                job = waiting.popleft()
                running[self._submit(job)] = job
            done = wait(running, return_when=FIRST_COMPLETED).done
            if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
                self._stop()
                done = wait(running).done
            for future in done:
                job = running.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    suspects.append(job)
                else:
                    yield job, future.result()

    def _alone(self, job: Job) -> Result:
        for _ in range(RETRIES):
            try:
                return self._submit(job).result()
            except BrokenProcessPool:
                self._stop()
        return Failure("killed", f"its process died {RETRIES + 1} times")

    def _submit(self, job: Job) -> Future[Result]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._jobs,
                mp_context=get_context("spawn"),
                initializer=_prepare,
                initargs=(self._make_evaluate,),
            )
        try:
            return self._pool.submit(_work, job)
        except BrokenProcessPool:  # a process died between two jobs: nobody's fault
            self._stop()
            return self._submit(job)

    def _stop(self) -> None:
        """End every process at once; the next job starts a new pool."""
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()  # from Python 3.14 on: pool.kill_workers()
            pool.shutdown(cancel_futures=True)


_make: Callable[[], Evaluate]
_evaluate: Evaluate | None = None


def _prepare(make_evaluate: Callable[[], Evaluate]) -> None:
    """Set up a worker process: it leaves interrupts to its parent, and ends when that is gone."""
    global _make
    _make = make_evaluate
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Job) -> Result:
    global _evaluate
    if _evaluate is None:
        _evaluate = _make()
    return guarded(_evaluate, job)

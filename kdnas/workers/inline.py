"""Evaluations one after the other in this process."""

import time
from collections import deque
from typing import Generic, Self

from kdnas.records import Evaluate, Finished, JobT, ResultT
from kdnas.workers.guarded import guarded


class Inline(Generic[JobT, ResultT]):
    """The simplest `Workers`: what crashes an evaluation crashes the run."""

    slots = 1

    def __init__(self, evaluate: Evaluate[JobT, ResultT]) -> None:
        self._evaluate = evaluate
        self._waiting: deque[JobT] = deque()

    @property
    def busy(self) -> int:
        """1 if there is something to do."""
        return min(len(self._waiting), 1)

    def submit(self, job: JobT) -> None:
        """Put a job into the queue."""
        self._waiting.append(job)

    def next(self) -> Finished[JobT, ResultT]:
        """Evaluate the job that waits longest."""
        job, start = self._waiting.popleft(), time.perf_counter()
        result = guarded(self._evaluate, job)
        return Finished(job, result, seconds=time.perf_counter() - start)

    def cancel(self) -> None:
        """Empty the queue."""
        self._waiting.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

"""Workers that do not repeat what another run has evaluated."""

from collections import deque
from collections.abc import Callable
from typing import Self

from kdnas.records import Evaluation, Finished, Job
from kdnas.workers.interface import Workers


class Recalling:
    """`Workers` that take the evaluation of a job from elsewhere where it is known.

    Args:
        workers: Who evaluates the others, entered already.
        recall: The evaluation of a job, or None.
    """

    def __init__(self, workers: Workers, recall: Callable[[Job], Evaluation | None]) -> None:
        self._workers, self._recall = workers, recall
        self._recalled: deque[Finished] = deque()

    @property
    def slots(self) -> int:
        """The slots of the workers behind it."""
        return self._workers.slots

    @property
    def busy(self) -> int:
        """The busy ones of the workers behind it."""
        return self._workers.busy

    def submit(self, job: Job) -> None:
        """Recall the evaluation, or have the job evaluated."""
        known = self._recall(job) if job.stage == "search" else None
        if known is None:
            self._workers.submit(job)
        else:
            self._recalled.append(Finished(job, known, recalled=True))

    def next(self) -> Finished:
        """What was recalled, then what is evaluated."""
        return self._recalled.popleft() if self._recalled else self._workers.next()

    def cancel(self) -> None:
        """Give up whatever is outstanding."""
        self._recalled.clear()
        self._workers.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

"""What a search needs to have students evaluated."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from kdnas.records import Finished, JobT, ResultT


class Workers(Protocol[JobT, ResultT]):
    """Evaluates jobs; used as a context manager, which leaves nothing running behind."""

    @property
    def slots(self) -> int:
        """How many jobs run at a time; it may change while workers come and go."""
        ...

    @property
    def busy(self) -> int:
        """How many run now."""
        ...

    def submit(self, job: JobT) -> None:
        """Have a job evaluated as soon as there is room."""
        ...

    def next(self) -> Finished[JobT, ResultT]:
        """Wait for the next job that ends; only while one is outstanding.

        Raises:
            UserError: An evaluation found something that the user has to mend.
        """
        ...

    def cancel(self) -> None:
        """Give up whatever is outstanding."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def finished(
    workers: Workers[JobT, ResultT], jobs: Sequence[JobT]
) -> Iterator[Finished[JobT, ResultT]]:
    """Every job with its result, as they end; what is outstanding when it is left is given up."""
    try:
        for job in jobs:
            workers.submit(job)
        for _ in jobs:
            yield workers.next()
    except BaseException:  # an interrupt, or the caller has stopped listening
        with suppress(Exception):  # the first error counts
            workers.cancel()
        raise

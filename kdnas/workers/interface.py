"""What every kind of worker offers."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from kdnas.records import Job, Result


class Workers(Protocol):
    """Evaluates jobs; a context manager that leaves nothing running behind."""

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Every job with its result, as they finish.

        Raises:
            UserError: Something that the user has to mend, such as a missing package.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

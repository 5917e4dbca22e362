"""What a search needs to have students evaluated."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from kdnas.records import Job, Result


class Workers(Protocol):
    """Runs jobs; used as a context manager, which leaves nothing running behind."""

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Every job with its result, as they finish.

        Raises:
            UserError: An evaluation found something that the user has to mend.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

"""Evaluations one after the other in this process."""

from collections.abc import Iterator, Sequence
from typing import Self

from kdnas.records import Evaluate, Job, Result
from kdnas.workers.guarded import guarded


class Inline:
    """The simplest `Workers`: what crashes an evaluation crashes the run."""

    def __init__(self, evaluate: Evaluate) -> None:
        self._evaluate = evaluate

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Result]]:
        """Every job with its result, in order."""
        for job in jobs:
            yield job, guarded(self._evaluate, job)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

"""A job on its way through its attempts: which failures are worth another one."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic

from kdnas.records import Failure, FailureKind, Finished, JobT, ResultT

RETRIES: dict[FailureKind, int] = {"killed": 2, "oom": 1}
"""How often a job is tried again after a failure that need not be its own fault."""


@dataclass
class Task(Generic[JobT, ResultT]):
    """A job and what has become of it so far.

    Attributes:
        alone: Whether it has to run while nothing else does: it ran out of memory beside others.
        tried_by: The worker of the last attempt.
    """

    job: JobT
    alone: bool = False
    tried_by: str = ""
    failures: Counter[FailureKind] = field(default_factory=Counter)

    @property
    def attempts(self) -> int:
        """How often it was tried."""
        return sum(self.failures.values())

    def ended(
        self, result: ResultT | Failure, seconds: float, worker: str
    ) -> Finished[JobT, ResultT] | None:
        """What the last attempt gave; None if there has to be another one."""
        self.tried_by = worker
        if isinstance(result, Failure):
            self.failures[result.kind] += 1
            if self.failures[result.kind] <= RETRIES.get(result.kind, 0):
                self.alone = result.kind == "oom"
                return None
        tried = self.attempts + (not isinstance(result, Failure))
        return Finished(self.job, result, tried, seconds, worker)

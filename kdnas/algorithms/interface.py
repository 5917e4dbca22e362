"""What every search algorithm offers: `ask`, `tell`, and why it finished."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kdnas.records import Evaluation, Failure
from kdnas.space import Architecture


@dataclass(frozen=True)
class Proposal:
    """A student to evaluate.

    Attributes:
        architecture: The student; no earlier proposal of the run has its key.
        operation: What made it, such as `initial`, `edge` or `crossover+property`.
        parents: Births of its parents: the n-th proposal of a run, from 0, is birth n.
    """

    architecture: Architecture
    operation: str
    parents: tuple[int, ...] = ()


class Algorithm(Protocol):
    """A search as a dialogue; every `ask` is followed by one `tell` of all its results.

    Attributes:
        finished: Why there will be no more proposals (`patience`, `exhausted`), or None.
    """

    finished: str | None

    def ask(self, most: int) -> list[Proposal]:
        """The next proposals, `most` at the most; none only when it is finished."""
        ...

    def tell(self, results: Sequence[Evaluation | Failure]) -> None:
        """The results of the last `ask`, in its order."""
        ...

"""What every search algorithm offers: `ask`, `tell`, and why it finished."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from numpy.random import Generator

from kdnas.errors import SpaceExhausted
from kdnas.records import Evaluation, Failure
from kdnas.space import Genotype


@dataclass(frozen=True)
class Proposal:
    """A student to evaluate.

    Attributes:
        architecture: The student; no earlier proposal of the run has its key.
        operation: What made it, such as `initial`, `edge` or `crossover+property`.
        parents: Births of its parents: the n-th proposal of a run, from 0, is birth n.
    """

    architecture: Genotype
    operation: str
    parents: tuple[int, ...] = ()


class Algorithm(Protocol):
    """A search as a dialogue. Proposals count as taken from the ask on.

    In generations every `ask` is followed by one `tell` of all its results, in proposal order;
    asynchronously, one proposal is asked for at a time, and each result is told as it arrives.

    Attributes:
        finished: Why there will be no more proposals (`patience`, `exhausted`), or None.
    """

    finished: str | None

    def ask(self, most: int) -> list[Proposal]:
        """New proposals, at most `most`; none when it is finished or has to wait for results.

        An ask without a proposal leaves no trace: it is not recorded, so a replay does not make it.
        """
        ...

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """Results by birth, in the order in which they count."""
        ...


@contextmanager
def undone_when_exhausted(rng: Generator) -> Iterator[None]:
    """Draws that end in `SpaceExhausted` count as not drawn; the error is swallowed."""
    before = rng.bit_generator.state
    try:
        yield
    except SpaceExhausted:
        rng.bit_generator.state = before

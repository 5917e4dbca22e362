"""What every search algorithm offers: `ask`, `tell`, and why it finished."""

from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Again:
    """One more trial of a student that was proposed before.

    Attributes:
        birth: The student.
        fidelity: The share of the epochs that it is trained for, in (0, 1].
    """

    birth: int
    fidelity: float = 1.0


Asked = Proposal | Again
"""What an algorithm asks for; the n-th thing, from 0, is trial n of the run."""


class Algorithm(Protocol):
    """A search as a dialogue. Proposals count as taken from the ask on.

    The n-th proposal is birth n, the n-th thing that is asked for is trial n: an algorithm that
    never asks for a student again need not tell the two apart.

    In generations every `ask` is followed by one `tell` of all its results, in proposal order;
    asynchronously, one proposal is asked for at a time, and each result is told as it arrives.
    """

    @property
    def finished(self) -> str | None:
        """Why there will be no more proposals (`patience`, `exhausted`), or None."""
        ...

    def ask(self, most: int) -> Sequence[Asked]:
        """What to evaluate next, at most `most` trials; nothing when it is finished or has to wait.

        An ask that gives nothing leaves no trace: it is not recorded, so a replay does not make it.
        """
        ...

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """Results by trial, in the order in which they count."""
        ...


@contextmanager
def undone_when_exhausted(rng: Generator) -> Iterator[None]:
    """Draws that end in `SpaceExhausted` count as not drawn; the error is swallowed."""
    before = rng.bit_generator.state
    try:
        yield
    except SpaceExhausted:
        rng.bit_generator.state = before

"""What a search needs of a space of students, whatever the students are.

`SearchSpace` is the paper's. Another one is a frozen dataclass, whose fields are the settings of
the section `space`, with the methods of `Space`; its class goes into `SPACES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from numpy.random import Generator

from kdnas.errors import UserError
from kdnas.registry import Registry
from kdnas.space.written import read_json, shown, word

Norm = Literal["block", "node", "none"]
OutAdapter = Literal["linear", "pad"]


@dataclass(frozen=True)
class NetworkShape:
    """What a student's size depends on besides its genotype.

    Attributes:
        vocabulary: Rows of the word table.
        classes: Number of classes; 1 where labels are numbers.
        positions: Rows of the position table; no text is longer.
        segments: Rows of the segment table.
        norm: Layer normalisation of each block's output, of each node's, or none.
        out_adapter: How a block's output gets the hidden width W: `linear` always learns the map,
            `pad` fills a narrower one with zeros.
        share_blocks: Whether the blocks share their weights.

    Raises:
        UserError: A size is below 1.
    """

    vocabulary: int = 30522
    classes: int = 2
    positions: int = 512
    segments: int = 2
    norm: Norm = "block"
    out_adapter: OutAdapter = "linear"
    share_blocks: bool = False

    def __post_init__(self) -> None:
        if min(self.vocabulary, self.positions, self.segments, self.classes) < 1:
            raise UserError("a network needs >= 1 words, positions, segments and classes")

    def embedding_parameters(self, width: int) -> int:
        """Parameters of an embedding of `width` features: three tables and a layer norm."""
        return (self.vocabulary + self.positions + self.segments + 2) * width


@dataclass(frozen=True)
class Cost:
    """What a student costs.

    Attributes:
        parameters: All trainable ones.
        block_parameters: Those outside the embedding.
        flops: Floating-point operations of one forward pass over one text.
    """

    parameters: int
    block_parameters: int
    flops: int


class Genotype(Protocol):
    """One student of a space: a frozen value that can be pickled."""

    @property
    def key(self) -> str:
        """The identity of the network, 16 hexadecimal digits; see `key_of`."""
        ...

    def to_json(self) -> str:
        """One line of JSON: an object, whose "space" is the space's name but for the paper's."""
        ...


G = TypeVar("G", bound=Genotype)


@dataclass(frozen=True)
class Edit:
    """A genotype and the operation that made it, for the record."""

    architecture: Any
    operation: str


@runtime_checkable
class Space(Protocol[G]):
    """A space of students.

    A method that draws makes one attempt with the generator it is given; `kdnas.space.draws`
    repeats attempts until one is new and acceptable.

    Attributes:
        build: As "module:function", what makes the network of (genotype, shape, dropout): a torch
            module with the interface of `kdnas.students.Student`.
        parts: The settings that hold names of parts, each with the registry of the parts.
    """

    build: ClassVar[str]
    parts: ClassVar[Mapping[str, Registry[Any]]]

    @property
    def name(self) -> str:
        """The name in `SPACES`."""
        ...

    @property
    def size(self) -> int:
        """The number of genotypes."""
        ...

    def start(self, rng: Generator) -> G:
        """A simplest student; a population starts some edits away from it."""
        ...

    def uniform(self, rng: Generator) -> G:
        """A draw that favours no student."""
        ...

    def edit(self, genotype: G, rng: Generator) -> Edit | None:
        """A neighbour, or None where the drawn operation cannot be done."""
        ...

    def cross(self, a: G, b: G, rng: Generator) -> G:
        """A child of two parents."""
        ...

    def cost(self, genotype: G, shape: NetworkShape, length: int) -> Cost:
        """What the student costs, the operations for texts of `length` tokens.

        Raises:
            UserError: A part of the student is not known.
        """
        ...

    @classmethod
    def from_json(cls, text: str) -> G:
        """The genotype that `to_json` wrote.

        Raises:
            UserError: The text is no genotype of this space.
        """
        ...


def canonical(genotype: Any) -> Any:
    """The genotype that stands for all with its key; a space need not have several for a key."""
    return genotype.canonical() if hasattr(genotype, "canonical") else genotype


SPACES: Registry[type[Space[Any]]] = Registry("space", form=Space)
"""The classes of spaces by name."""


def space_of(text: str) -> type[Space[Any]]:
    """The class of the space of a genotype in JSON.

    Raises:
        UserError: The space is not known, or the text is no JSON object.
    """
    values = read_json(text)
    if not isinstance(values, dict):
        raise UserError(f"not an architecture: it is {shown(values)}; give a JSON object")
    name = word("space", values.get("space", "dag"), SPACES)
    return SPACES[name]


def read_genotype(text: str) -> Any:
    """The genotype that `to_json` of any known space wrote.

    Raises:
        UserError: The space is not known, or the text is no genotype of it.
    """
    return space_of(text).from_json(text)

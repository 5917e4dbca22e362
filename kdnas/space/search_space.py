"""`SearchSpace`: the space of Guo 2021, its ranges together with its operations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.random import Generator

from kdnas.registry import Registry
from kdnas.space import edits, sampling
from kdnas.space.architecture import Architecture
from kdnas.space.cost import count_flops, count_parameters
from kdnas.space.counts import count_genotypes
from kdnas.space.layers import LAYERS
from kdnas.space.merges import ACTIVATIONS, MERGES
from kdnas.space.protocol import SPACES, Cost, Edit, NetworkShape
from kdnas.space.ranges import Ranges


@dataclass(frozen=True)
class SearchSpace(Ranges):
    """Blocks with the graph of an `Architecture`, within `Ranges`; see `Space`."""

    build: ClassVar[str] = "kdnas.students.student:Student"
    parts: ClassVar[Mapping[str, Registry[Any]]] = {
        "layers": LAYERS,
        "modes": MERGES,
        "activations": ACTIVATIONS,
    }

    @property
    def size(self) -> int:
        """The number of genotypes, every edge subset included."""
        return count_genotypes(self)

    def start(self, rng: Generator) -> Architecture:
        """A simplest architecture; which node is active is drawn."""
        return sampling.simplest(self, int(rng.integers(1, self.nodes + 1)))

    def uniform(self, rng: Generator) -> Architecture:
        """A draw that favours no size."""
        return sampling.uniform(self, rng)

    def edit(self, genotype: Architecture, rng: Generator) -> Edit | None:
        """One evolution operation."""
        return edits.neighbour(genotype, self, rng)

    def cross(self, a: Architecture, b: Architecture, rng: Generator) -> Architecture:
        """A child with every gene from either parent."""
        return edits.crossover(a, b, rng)

    def cost(self, genotype: Architecture, shape: NetworkShape, length: int) -> Cost:
        """Size and operations in closed form; a layer or merge that is not known is refused."""
        parameters = count_parameters(genotype, shape)
        blocks = parameters - shape.embedding_parameters(genotype.width)
        return Cost(parameters, blocks, count_flops(genotype, shape, length))

    @classmethod
    def from_json(cls, text: str) -> Architecture:
        """The architecture that `Architecture.to_json` wrote."""
        return Architecture.from_json(text)


SPACES.add("dag", SearchSpace)

PAPER_SPACE = SearchSpace()
"""The space of Guo 2021: 58,498,535,041,007,616 genotypes."""

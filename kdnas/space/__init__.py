"""The search space of student architectures (Guo 2021, section 5.3): values, edits and counts.

`Architecture` is a frozen, validated description of one student; `SearchSpace` holds the ranges.
Everything else is a pure function over them, with the random generator passed in:

- `mutate`, `random_edits`, `random_uniform`: students of any `Space`, the protocol by which a
  search knows the space that it searches; `SPACES` has the spaces by name;
- `LAYERS`, `MERGES`, `ACTIVATIONS`: what a block is made of, open to parts from outside;
- `simplest`, `crossover`: where a population starts, and a child of two architectures;
- `distance`: the number of genes that differ;
- `count_genotypes`, `valid_edge_sets`: how large the space is;
- `count_parameters`, `count_block_parameters`, `count_flops`: size and cost of a student, in closed
  form.

No heavy library is imported here.
"""

from kdnas.space.architecture import IDLE, Architecture, Node, Output, key_of
from kdnas.space.cost import (
    block_plan,
    count_block_parameters,
    count_flops,
    count_parameters,
    needs_adapter,
)
from kdnas.space.counts import count_genotypes, valid_edge_sets
from kdnas.space.draws import Accept, mutate, random_edits, random_uniform
from kdnas.space.edits import crossover, distance
from kdnas.space.layers import LAYERS, LayerType, Op
from kdnas.space.merges import ACTIVATIONS, MERGES, Activation, Merge
from kdnas.space.protocol import (
    SPACES,
    Cost,
    Edit,
    Genotype,
    NetworkShape,
    Norm,
    OutAdapter,
    Space,
    canonical,
    read_genotype,
    space_of,
)
from kdnas.space.ranges import Repair
from kdnas.space.sampling import simplest
from kdnas.space.search_space import PAPER_SPACE, SearchSpace

__all__ = [
    "ACTIVATIONS",
    "IDLE",
    "LAYERS",
    "MERGES",
    "PAPER_SPACE",
    "SPACES",
    "Accept",
    "Activation",
    "Architecture",
    "Cost",
    "Edit",
    "Genotype",
    "LayerType",
    "Merge",
    "NetworkShape",
    "Node",
    "Norm",
    "Op",
    "OutAdapter",
    "Output",
    "Repair",
    "SearchSpace",
    "Space",
    "block_plan",
    "canonical",
    "count_block_parameters",
    "count_flops",
    "count_genotypes",
    "count_parameters",
    "crossover",
    "distance",
    "key_of",
    "mutate",
    "needs_adapter",
    "random_edits",
    "random_uniform",
    "read_genotype",
    "simplest",
    "space_of",
    "valid_edge_sets",
]

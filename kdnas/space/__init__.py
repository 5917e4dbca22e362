"""The search space of student architectures (Guo 2021, section 5.3): values, edits and counts.

`Architecture` is a frozen, validated description of one student; `SearchSpace` holds the ranges.
Everything else is a pure function over them, with the random generator passed in:

- `mutate`, `crossover`: the evolution operations and their repair rule;
- `simplest`, `random_edits`, `random_uniform`: where a population comes from;
- `distance`: the number of genes that differ;
- `count_genotypes`, `valid_edge_sets`: how large the space is;
- `count_parameters`, `count_block_parameters`, `count_flops`: size and cost of a student, in closed
  form.

No heavy library is imported here.
"""

from kdnas.space.architecture import ACTIVATIONS, IDLE, MODES, Architecture, Node, Op, Output
from kdnas.space.cost import (
    NetworkShape,
    Norm,
    OutAdapter,
    block_plan,
    count_block_parameters,
    count_flops,
    count_parameters,
    needs_adapter,
)
from kdnas.space.counts import count_genotypes, valid_edge_sets
from kdnas.space.edits import Accept, Edit, Repair, crossover, distance, mutate
from kdnas.space.ranges import PAPER_SPACE, SearchSpace
from kdnas.space.sampling import random_edits, random_uniform, simplest

__all__ = [
    "ACTIVATIONS",
    "IDLE",
    "MODES",
    "PAPER_SPACE",
    "Accept",
    "Architecture",
    "Edit",
    "NetworkShape",
    "Node",
    "Norm",
    "Op",
    "OutAdapter",
    "Output",
    "Repair",
    "SearchSpace",
    "block_plan",
    "count_block_parameters",
    "count_flops",
    "count_genotypes",
    "count_parameters",
    "crossover",
    "distance",
    "mutate",
    "needs_adapter",
    "random_edits",
    "random_uniform",
    "simplest",
    "valid_edge_sets",
]

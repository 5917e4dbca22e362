"""How large a search space is: exact counts."""

from functools import cache
from itertools import chain, combinations

from kdnas.space import dag
from kdnas.space.ranges import Ranges


def count_genotypes(space: Ranges) -> int:
    """The size of the full Cartesian product, every edge subset included.

    >>> count_genotypes(Ranges())
    58498535041007616
    """
    merge = len(space.modes) * len(space.activations)
    row = len(space.ops) * len(space.node_widths) * merge
    subsets = 2 ** len(dag.all_edges(space.nodes))
    return len(space.repeats) * len(space.widths) * subsets * row**space.nodes * merge


@cache
def valid_edge_sets(n_nodes: int = 4) -> tuple[dag.Edges, ...]:
    """Every valid data flow of a block, found by going through all edge subsets.

    >>> len(valid_edge_sets(4))
    3808
    """
    pairs = dag.all_edges(n_nodes)
    sizes = range(dag.MIN_EDGES, dag.max_edges(n_nodes) + 1)
    subsets = chain.from_iterable(combinations(pairs, size) for size in sizes)
    return tuple(frozenset(s) for s in subsets if dag.problem(s, n_nodes) is None)

"""Facts about a block's graph: vertex 0 is the input, 1..n compute, n + 1 is the output.

Edges are pairs (i, j) with i < j. Every function is pure and takes the edges as a set.
"""

from collections.abc import Collection, Iterator
from functools import cache
from itertools import combinations

Edge = tuple[int, int]
Edges = frozenset[Edge]

MIN_EDGES = 3


@cache
def all_edges(n_nodes: int) -> tuple[Edge, ...]:
    """All possible edges of a block with `n_nodes` computational nodes, in gene order.

    >>> all_edges(1)
    ((0, 1), (0, 2), (1, 2))
    """
    return tuple(combinations(range(n_nodes + 2), 2))


def max_edges(n_nodes: int) -> int:
    """The upper edge bound, |V| (|V| - 1) / 2 - 3 (Guo 2021, section 5.3).

    >>> max_edges(4)
    12
    """
    return len(all_edges(n_nodes)) - 3


def sources(edges: Collection[Edge], vertex: int) -> tuple[int, ...]:
    """Predecessors of `vertex` in ascending order."""
    return tuple(sorted(i for i, j in edges if j == vertex))


def active_nodes(edges: Collection[Edge], n_nodes: int) -> tuple[int, ...]:
    """Computational nodes that have both an input and an output, in ascending order."""
    heads, tails = {j for _, j in edges}, {i for i, _ in edges}
    return tuple(v for v in range(1, n_nodes + 1) if v in heads and v in tails)


def dangling_nodes(edges: Collection[Edge], n_nodes: int) -> tuple[int, ...]:
    """Computational nodes that have only inputs or only outputs, in ascending order."""
    heads, tails = {j for _, j in edges}, {i for i, _ in edges}
    return tuple(v for v in range(1, n_nodes + 1) if (v in heads) != (v in tails))


def connected(edges: Collection[Edge], n_nodes: int) -> bool:
    """Whether no node dangles, the input has an output and the output an input."""
    return (
        not dangling_nodes(edges, n_nodes)
        and any(i == 0 for i, _ in edges)
        and any(j == n_nodes + 1 for _, j in edges)
    )


def topological_orders(
    edges: Collection[Edge], nodes: tuple[int, ...]
) -> Iterator[tuple[int, ...]]:
    """Every order of `nodes` in which all edges between them lead forward.

    >>> list(topological_orders({(1, 3)}, (1, 2, 3)))
    [(1, 2, 3), (1, 3, 2), (2, 1, 3)]
    """
    if not nodes:
        yield ()
    for first in nodes:
        if not any(j == first and i in nodes for i, j in edges):
            rest = tuple(v for v in nodes if v != first)
            yield from ((first, *order) for order in topological_orders(edges, rest))


def problem(edges: Collection[Edge], n_nodes: int) -> str | None:
    """What keeps `edges` from being a valid block, or None if they are one."""
    unknown = set(edges) - set(all_edges(n_nodes))
    if unknown:
        return f"edge {min(unknown)} is not a pair i < j of 0..{n_nodes + 1}"
    low, high = MIN_EDGES, max_edges(n_nodes)
    if not low <= len(edges) <= high:
        return f"{len(edges)} edges; a block has {low} to {high}"
    dangling = dangling_nodes(edges, n_nodes)
    if dangling:
        return f"node {dangling[0]} has only inputs or only outputs; connect it or remove its edges"
    if not connected(edges, n_nodes):
        return f"the input 0 needs an output edge and the output {n_nodes + 1} an input edge"
    return None

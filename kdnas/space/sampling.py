"""Where a population comes from: the simplest architectures, and uniform draws."""

from functools import cache

from numpy.random import Generator

from kdnas.space import dag
from kdnas.space.architecture import Architecture, Node, Output
from kdnas.space.counts import valid_edge_sets
from kdnas.space.ranges import Ranges


def simplest(space: Ranges, node: int = 1) -> Architecture:
    """The architecture that a population starts from: one active node, three edges.

    The paper does not define it; here it has the fewest repeats, the smallest widths and the first
    layer, mode and activation of the space (Conv-1, Add, none in the paper's).

    Args:
        space: The ranges.
        node: Which computational node is active, 1..n. With the paper's repair rule an active
            node stays active, so the start decides which graphs can be reached.
    """
    row = Node(space.ops[0], min(space.node_widths), space.modes[0], space.activations[0])
    end = space.nodes + 1
    edges = frozenset({(0, node), (node, end), (0, end)})
    output = Output(space.modes[0], space.activations[0])
    return Architecture(min(space.repeats), min(space.widths), edges, (row,) * space.nodes, output)


def uniform(space: Ranges, rng: Generator) -> Architecture:
    """A draw that favours no size: the active-node count, then a valid graph, then every gene."""
    by_size = _graphs_by_size(space.nodes)
    graphs = by_size[rng.integers(len(by_size))]
    edges = graphs[rng.integers(len(graphs))]
    bits = tuple(int(edge in edges) for edge in dag.all_edges(space.nodes))
    first = _draw((len(space.repeats), len(space.widths)), rng)
    merge = (len(space.modes), len(space.activations))
    rows = _draw((len(space.ops), len(space.node_widths), *merge) * space.nodes, rng)
    return space.decode((*first, *bits, *rows, *_draw(merge, rng)))


def _draw(sizes: tuple[int, ...], rng: Generator) -> tuple[int, ...]:
    return tuple(int(rng.integers(size)) for size in sizes)


@cache
def _graphs_by_size(n_nodes: int) -> tuple[tuple[dag.Edges, ...], ...]:
    """The valid edge sets, grouped by their number of active nodes (1 first)."""
    groups: list[list[dag.Edges]] = [[] for _ in range(n_nodes)]
    for edges in valid_edge_sets(n_nodes):
        groups[len(dag.active_nodes(edges, n_nodes)) - 1].append(edges)
    return tuple(tuple(group) for group in groups if group)

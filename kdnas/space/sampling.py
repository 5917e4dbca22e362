"""Where a population comes from: edits of the simplest architecture, or uniform draws."""

from functools import cache

from numpy.random import Generator

from kdnas.errors import SpaceExhausted
from kdnas.space import dag
from kdnas.space.architecture import Architecture, Node, Output
from kdnas.space.counts import valid_edge_sets
from kdnas.space.edits import DRAWS, Accept, Edit, Repair, mutate
from kdnas.space.ranges import SearchSpace

MOST_EDITS = 10
"""An initial architecture is 1 to this many edits away from the simplest one."""


def simplest(space: SearchSpace, node: int = 1) -> Architecture:
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


def random_edits(
    space: SearchSpace,
    rng: Generator,
    *,
    repair: Repair = "reconnect",
    accept: Accept = lambda _: True,
) -> Edit:
    """An initial individual: 1 to 10 random operations from a simplest architecture.

    Raises:
        SpaceExhausted: `DRAWS` attempts gave nothing acceptable.
    """
    for _ in range(DRAWS):
        arch = simplest(space, int(rng.integers(1, space.nodes + 1)))
        for _ in range(int(rng.integers(1, MOST_EDITS + 1))):
            arch = mutate(arch, space, rng, repair=repair).architecture
        if accept(arch):
            return Edit(arch, "initial")
    raise SpaceExhausted(f"no acceptable initial architecture in {DRAWS} draws")


def random_uniform(space: SearchSpace, rng: Generator, *, accept: Accept = lambda _: True) -> Edit:
    """A draw that favours no size: the active-node count, then a valid graph, then every gene.

    Raises:
        SpaceExhausted: `DRAWS` attempts gave nothing acceptable.
    """
    by_size = _graphs_by_size(space.nodes)
    for _ in range(DRAWS):
        graphs = by_size[rng.integers(len(by_size))]
        edges = graphs[rng.integers(len(graphs))]
        bits = tuple(int(edge in edges) for edge in dag.all_edges(space.nodes))
        first = _draw((len(space.repeats), len(space.widths)), rng)
        merge = (len(space.modes), len(space.activations))
        rows = _draw((len(space.ops), len(space.node_widths), *merge) * space.nodes, rng)
        arch = space.decode((*first, *bits, *rows, *_draw(merge, rng)))
        if accept(arch):
            return Edit(arch, "uniform")
    raise SpaceExhausted(f"no acceptable architecture in {DRAWS} uniform draws")


def _draw(sizes: tuple[int, ...], rng: Generator) -> tuple[int, ...]:
    return tuple(int(rng.integers(size)) for size in sizes)


@cache
def _graphs_by_size(n_nodes: int) -> tuple[tuple[dag.Edges, ...], ...]:
    """The valid edge sets, grouped by their number of active nodes (1 first)."""
    groups: list[list[dag.Edges]] = [[] for _ in range(n_nodes)]
    for edges in valid_edge_sets(n_nodes):
        groups[len(dag.active_nodes(edges, n_nodes)) - 1].append(edges)
    return tuple(tuple(group) for group in groups if group)

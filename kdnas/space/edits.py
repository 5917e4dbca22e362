"""The evolution operations (Guo 2021, section 5.3), crossover, and the distance between genotypes.

Evo(a) draws one of four operations: change the number of blocks, change the hidden width, add or
remove an edge (with repair), change one property of a node.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from numpy.random import Generator

from kdnas.space import dag
from kdnas.space.architecture import Architecture, Output
from kdnas.space.protocol import Edit
from kdnas.space.ranges import Ranges, gene_values

_MIXTURES = 100
"""Draws of a child's edges before those of one parent are taken."""


def distance(a: Architecture, b: Architecture) -> int:
    """The number of genes that differ: each edge counts one, a layer with its parameter one."""
    return sum(x != y for x, y in zip(gene_values(a), gene_values(b), strict=True))


def neighbour(arch: Architecture, space: Ranges, rng: Generator) -> Edit | None:
    """One evolution operation on `arch`, or None where what was drawn cannot be done.

    The result is in the space; with 4 nodes it is at most 3 genes away with the repair rule
    `reconnect` and 5 with the others. It may have the key of its parent.
    """
    name = _choice(_possible_operations(arch, space), rng)
    child = _OPERATIONS[name](arch, space, rng)
    return None if child is None else Edit(child, name)


def _possible_operations(arch: Architecture, space: Ranges) -> list[str]:
    possible = {
        "repeats": len(space.repeats) > 1,
        "width": len(space.widths) > 1,
        "edge": _can_add(arch) or _can_remove(arch),
        "property": True,
    }
    return [name for name, can in possible.items() if can]


def _can_add(arch: Architecture) -> bool:
    return len(arch.edges) < dag.max_edges(len(arch.nodes))


def _can_remove(arch: Architecture) -> bool:
    return len(arch.edges) > dag.MIN_EDGES


def _change_repeats(arch: Architecture, space: Ranges, rng: Generator) -> Architecture:
    return replace(arch, repeats=_other(space.repeats, arch.repeats, rng))


def _change_width(arch: Architecture, space: Ranges, rng: Generator) -> Architecture:
    return replace(arch, width=_other(space.widths, arch.width, rng))


def _change_edge(arch: Architecture, space: Ranges, rng: Generator) -> Architecture | None:
    n = len(arch.nodes)
    kinds = [kind for kind, can in (("add", _can_add), ("remove", _can_remove)) if can(arch)]
    if _choice(kinds, rng) == "add":
        missing = [edge for edge in dag.all_edges(n) if edge not in arch.edges]
        edges = reconnect(arch.edges | {_choice(missing, rng)}, n, arch.active, rng)
    else:
        edges = arch.edges - {_choice(sorted(arch.edges), rng)}
        prune = space.repair == "prune" or (space.repair == "mixed" and rng.random() < 0.5)
        pruned = _without_dangling(edges, n) if prune else None
        edges = reconnect(edges, n, arch.active, rng) if pruned is None else pruned
    return replace(arch, edges=edges) if dag.problem(edges, n) is None else None


def reconnect(edges: dag.Edges, n_nodes: int, partners: Sequence[int], rng: Generator) -> dag.Edges:
    """`edges` with one random edge for every node that has only inputs or only outputs.

    The other end is the block's input or output or one of `partners` (nodes that are connected
    already), so that a repair never makes another one necessary.
    """
    heads = {j for _, j in edges}
    for node in dag.dangling_nodes(edges, n_nodes):
        if node in heads:
            later = [v for v in partners if v > node] + [n_nodes + 1]
            edges |= {(node, _choice(later, rng))}
        else:
            earlier = [0] + [v for v in partners if v < node]
            edges |= {(_choice(earlier, rng), node)}
    return edges


def _without_dangling(edges: dag.Edges, n_nodes: int) -> dag.Edges | None:
    """`edges` without those of the dangling nodes, or None where that leaves no valid block."""
    gone = set(dag.dangling_nodes(edges, n_nodes))
    kept = frozenset(edge for edge in edges if not gone & set(edge))
    return kept if dag.problem(kept, n_nodes) is None else None


def _change_property(arch: Architecture, space: Ranges, rng: Generator) -> Architecture | None:
    vertex = _choice((*arch.active, len(arch.nodes) + 1), rng)
    if vertex == len(arch.nodes) + 1:
        name = _choice(("mode", "activation"), rng)
        value = _other(getattr(space, f"{name}s"), getattr(arch.output, name), rng)
        return (
            None if value is None else replace(arch, output=replace(arch.output, **{name: value}))
        )
    node = arch.nodes[vertex - 1]
    name = _choice(("type", "parameter", "width", "mode", "activation"), rng)
    ranges: dict[str, Sequence[Any]] = {
        "parameter": [op for op in space.ops if op.kind == node.op.kind],
        "width": space.node_widths,
        "mode": space.modes,
        "activation": space.activations,
    }
    if name == "type":
        kinds = list(dict.fromkeys(op.kind for op in space.ops))
        kind = _other(kinds, node.op.kind, rng)
        field, value = "op", _choice([op for op in space.ops if op.kind == kind] or [None], rng)
    else:
        field = "op" if name == "parameter" else name
        value = _other(ranges[name], getattr(node, field), rng)
    if value is None:
        return None
    nodes = list(arch.nodes)
    nodes[vertex - 1] = replace(node, **{field: value})
    return replace(arch, nodes=tuple(nodes))


_OPERATIONS: dict[str, Callable[[Architecture, Ranges, Generator], Any]] = {
    "repeats": _change_repeats,
    "width": _change_width,
    "edge": _change_edge,
    "property": _change_property,
}


def crossover(a: Architecture, b: Architecture, rng: Generator) -> Architecture:
    """A child with R, W, every node row, the output and every edge bit from `a` or `b` at random.

    Dangling nodes are reconnected; edge sets that stay invalid are drawn again, at last the edges
    of one parent are taken whole. Equal parents give the same child.
    """
    n = len(a.nodes)
    nodes = tuple(_choice(pair, rng) for pair in zip(a.nodes, b.nodes, strict=True))
    output: Output = _choice((a.output, b.output), rng)
    repeats, width = _choice((a.repeats, b.repeats), rng), _choice((a.width, b.width), rng)
    edges = _choice((a.edges, b.edges), rng)
    for _ in range(_MIXTURES):
        either = [edge for edge in dag.all_edges(n) if edge in a.edges or edge in b.edges]
        bits = frozenset(e for e in either if e in _choice((a.edges, b.edges), rng))
        mixed = reconnect(bits, n, dag.active_nodes(bits, n), rng)
        if dag.problem(mixed, n) is None:
            edges = mixed
            break
    return Architecture(repeats, width, edges, nodes, output)


def _choice(values: Sequence[Any], rng: Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def _other(values: Sequence[Any], current: Any, rng: Generator) -> Any:
    """A random value that is not `current`, or None where there is no other."""
    others = [value for value in values if value != current]
    return _choice(others, rng) if others else None

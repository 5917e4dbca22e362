"""`Ranges`: the values that the genes of an architecture are drawn from; by default the paper's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

from kdnas.errors import UserError
from kdnas.space import dag
from kdnas.space.architecture import (
    MOST_REPEATS,
    MOST_WIDTH,
    Architecture,
    Node,
    Output,
)
from kdnas.space.layers import LAYERS, Op, make_ops
from kdnas.space.merges import ACTIVATIONS, MERGES

Repair = Literal["reconnect", "prune", "mixed"]

_PAPER_LAYERS = {name: LAYERS[name].sizes for name in ("conv", "sepconv", "attention", "glu")}
_PAPER_MODES, _PAPER_ACTIVATIONS = ("add", "mul", "concat"), ("none", "relu", "swish")


@dataclass(frozen=True)
class Ranges:
    """Ranges of every dimension of the search space (Guo 2021, section 5.3).

    Attributes:
        name: Of the space.
        repeats: Numbers of blocks.
        widths: Hidden widths between blocks.
        nodes: Computational nodes of a block, 2 to 5.
        layers: The layer types with the sizes of each: kernel widths in positions (odd), numbers
            of heads, () for a type without sizes.
        node_widths: Output widths of a node.
        modes, activations: Input modes and activations.
        repair: What an edit does with a node that loses its last input or output. `reconnect` (the
            paper) gives it a new edge, so that active nodes never become inactive; `prune`
            removes its remaining edges where that leaves a valid block; `mixed` tosses a coin.

    Raises:
        UserError: A range is empty, repeats a value, or holds an impossible one.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: str = "dag"
    repeats: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
    widths: tuple[int, ...] = (128, 256, 512)
    nodes: int = 4
    layers: Mapping[str, tuple[int, ...]] = field(
        default_factory=_PAPER_LAYERS.copy,
        hash=False,  # a dict has none
    )
    node_widths: tuple[int, ...] = (128, 256, 512)
    modes: tuple[str, ...] = _PAPER_MODES
    activations: tuple[str, ...] = _PAPER_ACTIVATIONS
    repair: Repair = "reconnect"

    def __post_init__(self) -> None:
        if not 2 <= self.nodes <= 5:
            raise UserError(f"space.nodes = {self.nodes}: a block has 2 to 5 computational nodes")
        for name in ("repeats", "widths", "node_widths", "modes", "activations"):
            _require_distinct(f"space.{name}", getattr(self, name))
        for kind, sizes in self.layers.items():
            offered = LAYERS[kind].sizes
            if offered and not sizes:
                meant = LAYERS[kind].sized(offered[0])
                raise UserError(
                    f"space.layers.{kind} = []: {kind} needs sizes, such as {list(offered)} (the"
                    f" first is {meant}); write some, or leave {kind} out"
                )
            if sizes and not offered:
                raise UserError(
                    f"space.layers.{kind} = {list(sizes)}: {kind} has no sizes, write {kind} = []"
                )
            if sizes:
                _require_distinct(f"space.layers.{kind}", sizes)
        if not self.layers:
            raise UserError("space.layers has no layer type: give one, such as conv = [1, 3]")
        for name, most in (("repeats", MOST_REPEATS), ("widths", MOST_WIDTH)):
            values = getattr(self, name)
            if not all(1 <= value <= most for value in values):
                raise UserError(f"space.{name} = {list(values)}: use numbers from 1 to {most}")
        for registry, names in ((MERGES, self.modes), (ACTIVATIONS, self.activations)):
            for name in names:
                registry[name]
        for op in self.ops:
            for width in self.node_widths:
                Node(op, width)

    @cached_property
    def ops(self) -> tuple[Op, ...]:
        """Layers with their parameters, in gene order (12 in the paper's space)."""
        return tuple(op for kind, sizes in self.layers.items() for op in make_ops(kind, sizes))

    @property
    def _ranges(self) -> tuple[tuple[Any, ...], ...]:
        """The range of every gene, in gene order."""
        bits = ((0, 1),) * len(dag.all_edges(self.nodes))
        merge = (self.modes, self.activations)
        rows = (self.ops, self.node_widths, *merge) * self.nodes
        return (self.repeats, self.widths, *bits, *rows, *merge)

    def encode(self, arch: Architecture) -> tuple[int, ...]:
        """The genes of `arch`: indices into this space's ranges.

        Raises:
            UserError: `arch` has another number of nodes or a value outside the ranges.
        """
        values = gene_values(arch)
        if len(arch.nodes) != self.nodes:
            raise UserError(f"{len(arch.nodes)} nodes; this space has {self.nodes}")
        for value, choices in zip(values, self._ranges, strict=True):
            if value not in choices:
                listed = ", ".join(map(str, choices))
                raise UserError(f"{value} is not in the space; it offers {listed}")
        return tuple(c.index(v) for v, c in zip(values, self._ranges, strict=True))

    def decode(self, genes: tuple[int, ...]) -> Architecture:
        """The architecture of `genes`; inverse of `encode`.

        Raises:
            UserError: The genes describe no valid architecture of this space.
        """
        if len(genes) != len(self._ranges):
            raise UserError(f"{len(genes)} genes; this space has {len(self._ranges)}")
        if any(not 0 <= g < len(c) for g, c in zip(genes, self._ranges, strict=True)):
            raise UserError("a gene lies outside its range")
        values = [c[g] for g, c in zip(genes, self._ranges, strict=True)]
        pairs = dag.all_edges(self.nodes)
        rows = values[2 + len(pairs) : -2]
        nodes = tuple(Node(*rows[i : i + 4]) for i in range(0, len(rows), 4))
        edges = frozenset(p for p, bit in zip(pairs, values[2:], strict=False) if bit)
        return Architecture(values[0], values[1], edges, nodes, Output(*values[-2:]))

    def __contains__(self, arch: Architecture) -> bool:
        try:
            self.encode(arch)
        except UserError:
            return False
        return True


def gene_values(arch: Architecture) -> tuple[Any, ...]:
    """The value of every gene, in gene order; edge bits are 0 or 1."""
    bits = (int(edge in arch.edges) for edge in dag.all_edges(len(arch.nodes)))
    rows = (value for n in arch.nodes for value in (n.op, n.width, n.mode, n.activation))
    return (arch.repeats, arch.width, *bits, *rows, arch.output.mode, arch.output.activation)


def _require_distinct(name: str, values: tuple[Any, ...]) -> None:
    if not values or len(set(values)) != len(values):
        raise UserError(f"{name} = {list(values)}: give at least one value, each once")

"""`SearchSpace`: the ranges that architectures are drawn from; the paper's are the default."""

from dataclasses import dataclass
from typing import Any, ClassVar

from kdnas.errors import UserError
from kdnas.space import dag
from kdnas.space.architecture import (
    ACTIVATIONS,
    MODES,
    Activation,
    Architecture,
    Mode,
    Node,
    Op,
    Output,
)


@dataclass(frozen=True)
class SearchSpace:
    """Ranges of every dimension of the search space (Guo 2021, section 5.3).

    Attributes:
        repeats: Numbers of blocks.
        widths: Hidden widths between blocks.
        nodes: Computational nodes of a block, 2 to 5.
        conv_kernels, sepconv_kernels: Kernel widths in positions, odd; () leaves the type out.
        attention_heads: Numbers of heads; () leaves the type out.
        glu: Whether gated linear layers are offered.
        node_widths: Output widths of a node.
        modes, activations: Input modes and activations.

    Raises:
        UserError: A range is empty, repeats a value, or holds an impossible one.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    repeats: tuple[int, ...] = (3, 4, 5, 6, 7, 8)
    widths: tuple[int, ...] = (128, 256, 512)
    nodes: int = 4
    conv_kernels: tuple[int, ...] = (1, 3, 5)
    sepconv_kernels: tuple[int, ...] = (3, 5, 7, 9, 11)
    attention_heads: tuple[int, ...] = (4, 8, 16)
    glu: bool = True
    node_widths: tuple[int, ...] = (128, 256, 512)
    modes: tuple[Mode, ...] = MODES
    activations: tuple[Activation, ...] = ACTIVATIONS

    def __post_init__(self) -> None:
        if not 2 <= self.nodes <= 5:
            raise UserError(f"space.nodes = {self.nodes}: a block has 2 to 5 computational nodes")
        layers = ("conv_kernels", "sepconv_kernels", "attention_heads")
        for name in ("repeats", "widths", "node_widths", "modes", "activations", *layers):
            values = getattr(self, name)
            if len(set(values)) != len(values) or not (values or name in layers):
                raise UserError(f"space.{name} = {values}: give at least one value, each once")
        if not self.ops:
            raise UserError("space has no layer type: give conv_kernels or set space.glu=true")
        if any(value < 1 for value in self.repeats + self.widths):
            raise UserError("space.repeats and space.widths hold numbers >= 1")
        for op in self.ops:
            for width in self.node_widths:
                for mode in self.modes:
                    for activation in self.activations:
                        Node(op, width, mode, activation)

    @property
    def ops(self) -> tuple[Op, ...]:
        """Layer types with their parameters, in gene order (12 in the paper's space)."""
        return (
            *(Op("conv", k) for k in self.conv_kernels),
            *(Op("sepconv", k) for k in self.sepconv_kernels),
            *(Op("attention", h) for h in self.attention_heads),
            *((Op("glu"),) if self.glu else ()),
        )

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


PAPER_SPACE = SearchSpace()
"""The space of Guo 2021: 58,498,535,041,007,616 genotypes."""

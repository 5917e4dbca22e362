"""What a student costs, in closed form: parameters and floating-point operations.

`block_plan` is the one place that follows the widths through a block; the counts here and the
network in `kdnas.students` are both built from it.
"""

from dataclasses import dataclass
from typing import Literal

from kdnas.errors import UserError
from kdnas.space.architecture import Architecture, Node, Op

Norm = Literal["block", "node", "none"]
OutAdapter = Literal["linear", "pad"]


@dataclass(frozen=True)
class NetworkShape:
    """What a student's size depends on besides its architecture.

    Attributes:
        vocabulary: Rows of the word table.
        classes: Number of classes.
        positions: Rows of the position table; no text is longer.
        segments: Rows of the segment table.
        norm: Layer normalisation of each block's output, of each node's, or none.
        out_adapter: How a block's output gets the hidden width W: `linear` always learns the map,
            `pad` fills a narrower one with zeros.
        share_blocks: Whether the blocks share their weights.

    Raises:
        UserError: A size is below 1 (classes: below 2).
    """

    vocabulary: int = 30522
    classes: int = 2
    positions: int = 512
    segments: int = 2
    norm: Norm = "block"
    out_adapter: OutAdapter = "linear"
    share_blocks: bool = False

    def __post_init__(self) -> None:
        if min(self.vocabulary, self.positions, self.segments) < 1 or self.classes < 2:
            raise UserError("a network needs >= 1 words, positions and segments and >= 2 classes")


@dataclass(frozen=True)
class PlannedNode:
    """A computational node with its wiring and widths (features)."""

    vertex: int
    sources: tuple[int, ...]
    node: Node
    in_width: int


@dataclass(frozen=True)
class BlockPlan:
    """A block in the order of computation: its nodes, then the merge of the output node."""

    nodes: tuple[PlannedNode, ...]
    out_sources: tuple[int, ...]
    merged_width: int


def block_plan(arch: Architecture) -> BlockPlan:
    """The computation of one block of `arch` with every width filled in."""
    widths = {0: arch.width}
    planned = []
    for vertex in arch.active:
        node, sources = arch.nodes[vertex - 1], arch.sources(vertex)
        in_width = _merged_width(node.mode, [widths[u] for u in sources])
        planned.append(PlannedNode(vertex, sources, node, in_width))
        widths[vertex] = node.width
    sources = arch.sources(len(arch.nodes) + 1)
    merged = _merged_width(arch.output.mode, [widths[u] for u in sources])
    return BlockPlan(tuple(planned), sources, merged)


def _merged_width(mode: str, widths: list[int]) -> int:
    return sum(widths) if mode == "concat" else max(widths)


def needs_adapter(merged: int, width: int, out_adapter: OutAdapter) -> bool:
    """Whether a linear map takes the merged width to the hidden width."""
    return merged > width or (merged < width and out_adapter == "linear")


def _layer_parameters(op: Op, i: int, o: int) -> int:
    """Weights and biases of a layer with `i` input and `o` output features."""
    match op.kind:
        case "conv":
            return op.size * i * o + o
        case "sepconv":
            return op.size * i + i + i * o + o
        case "attention":
            return 3 * (i * o + o) + o * o + o
        case "glu":
            return 2 * (i * o + o)


def count_parameters(arch: Architecture, shape: NetworkShape) -> int:
    """Trainable parameters of the student, everything counted (probes are no part of it).

    >>> from kdnas.space import SearchSpace, simplest
    >>> count_parameters(simplest(SearchSpace()), NetworkShape())
    4023426
    """
    plan, width = block_plan(arch), arch.width
    block = sum(_layer_parameters(p.node.op, p.in_width, p.node.width) for p in plan.nodes)
    if needs_adapter(plan.merged_width, width, shape.out_adapter):
        block += plan.merged_width * width + width
    if shape.norm == "block":
        block += 2 * width
    elif shape.norm == "node":
        block += sum(2 * p.node.width for p in plan.nodes)
    repeats = 1 if shape.share_blocks else arch.repeats
    classifier = width * shape.classes + shape.classes
    return _embedding_parameters(arch, shape) + repeats * block + classifier


def count_block_parameters(arch: Architecture, shape: NetworkShape) -> int:
    """Those of `count_parameters` outside the embedding."""
    return count_parameters(arch, shape) - _embedding_parameters(arch, shape)


def _embedding_parameters(arch: Architecture, shape: NetworkShape) -> int:
    """Three tables and a layer norm."""
    return (shape.vocabulary + shape.positions + shape.segments + 2) * arch.width


def count_flops(arch: Architecture, shape: NetworkShape, length: int) -> int:
    """Floating-point operations of one forward pass over one text of `length` positions.

    Matrix products and convolutions only, a multiply-add counted as two; element-wise work is
    left out, as usual.
    """
    plan, width = block_plan(arch), arch.width
    block = sum(_layer_flops(p.node.op, p.in_width, p.node.width, length) for p in plan.nodes)
    if needs_adapter(plan.merged_width, width, shape.out_adapter):
        block += 2 * length * plan.merged_width * width
    return arch.repeats * block + 2 * width * shape.classes


def _layer_flops(op: Op, i: int, o: int, length: int) -> int:
    match op.kind:
        case "conv":
            return 2 * length * op.size * i * o
        case "sepconv":
            return 2 * length * (op.size * i + i * o)
        case "attention":
            return 2 * length * (3 * i * o + o * o) + 4 * length * length * o
        case "glu":
            return 4 * length * i * o

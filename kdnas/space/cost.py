"""What a student costs, in closed form: parameters and floating-point operations.

`block_plan` is the one place that follows the widths through a block; the counts here and the
network in `kdnas.students` are both built from it.
"""

from dataclasses import dataclass

from kdnas.space.architecture import Architecture, Node
from kdnas.space.layers import LAYERS
from kdnas.space.merges import MERGES
from kdnas.space.protocol import NetworkShape, OutAdapter


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
    return widths[0] if len(widths) == 1 else MERGES[mode].width(widths)


def needs_adapter(merged: int, width: int, out_adapter: OutAdapter) -> bool:
    """Whether a linear map takes the merged width to the hidden width."""
    return merged > width or (merged < width and out_adapter == "linear")


def count_parameters(arch: Architecture, shape: NetworkShape) -> int:
    """Trainable parameters of the student, everything counted (probes are no part of it).

    >>> from kdnas.space import SearchSpace, simplest
    >>> count_parameters(simplest(SearchSpace()), NetworkShape())
    4023426
    """
    plan, width = block_plan(arch), arch.width
    block = sum(
        LAYERS[p.node.op.kind].parameters(p.node.op, p.in_width, p.node.width) for p in plan.nodes
    )
    if needs_adapter(plan.merged_width, width, shape.out_adapter):
        block += plan.merged_width * width + width
    if shape.norm == "block":
        block += 2 * width
    elif shape.norm == "node":
        block += sum(2 * p.node.width for p in plan.nodes)
    repeats = 1 if shape.share_blocks else arch.repeats
    classifier = width * shape.classes + shape.classes
    return shape.embedding_parameters(arch.width) + repeats * block + classifier


def count_block_parameters(arch: Architecture, shape: NetworkShape) -> int:
    """The parameters of `count_parameters` outside the embedding."""
    return count_parameters(arch, shape) - shape.embedding_parameters(arch.width)


def count_flops(arch: Architecture, shape: NetworkShape, length: int) -> int:
    """Floating-point operations of one forward pass over one text of `length` positions.

    Matrix products and convolutions only, a multiply-add counted as two; element-wise work is
    left out, as usual.
    """
    plan, width = block_plan(arch), arch.width
    block = sum(
        LAYERS[p.node.op.kind].flops(p.node.op, p.in_width, p.node.width, length)
        for p in plan.nodes
    )
    if needs_adapter(plan.merged_width, width, shape.out_adapter):
        block += 2 * length * plan.merged_width * width
    return arch.repeats * block + 2 * width * shape.classes

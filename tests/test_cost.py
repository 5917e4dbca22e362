"""Parameters and operations in closed form, against examples worked out by hand.

That the closed form equals what a built network has is shown in test_students.py.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import architectures

from kdnas.errors import UserError
from kdnas.space import (
    IDLE,
    PAPER_SPACE,
    Architecture,
    NetworkShape,
    Node,
    Op,
    Output,
    block_plan,
    count_flops,
    count_parameters,
    needs_adapter,
    simplest,
)

SST2 = NetworkShape()
BARE = NetworkShape(vocabulary=1, positions=1, segments=1, norm="none")
"""A shape that leaves 3 W + 2 W of tables, so that the block's own count is easy to see."""


def single(op: Op, *, width: int = 128, node_width: int = 256, mode="add", **changes):
    """0 -> 1 -> 5 with a skip (0, 5)."""
    nodes = (Node(op, node_width, mode), IDLE, IDLE, IDLE)
    edges = frozenset({(0, 1), (1, 5), (0, 5)})
    return replace(Architecture(3, width, edges, nodes), **changes)


def test_the_smallest_student():
    tables = (30522 + 512 + 2) * 128 + 2 * 128
    block = 128 * 128 + 128 + 2 * 128
    assert tables + 3 * block + 128 * 2 + 2 == 4_023_426
    assert count_parameters(simplest(PAPER_SPACE), SST2) == 4_023_426


def test_an_example_of_the_papers_size():
    nodes = (
        Node(Op("attention", 8), 512),
        Node(Op("sepconv", 5), 512),
        Node(Op("attention", 8), 256),
        Node(Op("glu"), 512),
    )
    chain = frozenset({(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5)})
    assert count_parameters(Architecture(4, 512, chain, nodes), SST2) == 24_053_762


@pytest.mark.parametrize(
    ("op", "count"),
    [
        (Op("conv", 1), 128 * 256 + 256),
        (Op("conv", 5), 5 * 128 * 256 + 256),
        (Op("sepconv", 3), 3 * 128 + 128 + 128 * 256 + 256),
        (Op("attention", 4), 3 * (128 * 256 + 256) + 256 * 256 + 256),
        (Op("attention", 16), 3 * (128 * 256 + 256) + 256 * 256 + 256),
        (Op("glu"), 2 * (128 * 256 + 256)),
    ],
    ids=str,
)
def test_each_layer(op, count):
    adapter = 256 * 128 + 128
    tables, classifier = 3 * 128 + 2 * 128, 128 * 2 + 2
    assert count_parameters(single(op), BARE) == tables + 3 * (count + adapter) + classifier


@pytest.mark.parametrize(
    ("mode", "merged"), [("add", 512), ("mul", 512), ("concat", 128 + 256 + 512)]
)
def test_merged_widths(mode, merged):
    """v3 reads v0 (128), v1 (256) and v2 (512)."""
    nodes = (Node(Op("glu"), 256), Node(Op("glu"), 512), Node(Op("glu"), 256, mode), IDLE)
    edges = frozenset({(0, 1), (0, 2), (0, 3), (1, 3), (2, 3), (3, 5)})
    plan = block_plan(Architecture(3, 128, edges, nodes))
    assert [p.vertex for p in plan.nodes] == [1, 2, 3]
    assert [p.sources for p in plan.nodes] == [(0,), (0,), (0, 1, 2)]
    assert [p.in_width for p in plan.nodes] == [128, 128, merged]
    assert (plan.out_sources, plan.merged_width) == ((3,), 256)


def test_the_widest_merge_of_the_paper():
    """Five sources of 512 at the output node."""
    edges = frozenset({(0, v) for v in range(1, 6)} | {(v, 5) for v in range(1, 5)})
    nodes = (Node(Op("glu"), 512),) * 4
    arch = Architecture(3, 512, edges, nodes, Output("concat"))
    assert block_plan(arch).merged_width == 2560


@pytest.mark.parametrize(
    ("merged", "linear", "pad"), [(64, True, False), (128, False, False), (256, True, True)]
)
def test_adapters(merged, linear, pad):
    assert needs_adapter(merged, 128, "linear") is linear
    assert needs_adapter(merged, 128, "pad") is pad


def test_a_padded_output_has_no_adapter():
    narrow = single(Op("conv", 1), node_width=64, edges=frozenset({(0, 1), (1, 2), (2, 5)}))
    narrow = replace(narrow, nodes=(*narrow.nodes[:1], Node(Op("conv", 1), 64), IDLE, IDLE))
    padded = replace(SST2, out_adapter="pad")
    adapter = 64 * 128 + 128
    difference = count_parameters(narrow, SST2) - count_parameters(narrow, padded)
    assert difference == 3 * adapter


def test_normalisation_classes_and_shared_blocks():
    arch = single(Op("conv", 1))
    full = count_parameters(arch, SST2)
    without = count_parameters(arch, replace(SST2, norm="none"))
    assert full - without == 3 * 2 * 128
    assert count_parameters(arch, replace(SST2, norm="node")) - without == 3 * 2 * 256
    assert count_parameters(arch, replace(SST2, classes=5)) - full == 3 * (128 + 1)
    assert count_parameters(arch, replace(SST2, vocabulary=30_523)) - full == 128
    assert count_parameters(arch, replace(SST2, positions=510)) - full == -2 * 128
    shared = replace(SST2, share_blocks=True)
    assert count_parameters(arch, shared) == count_parameters(replace(arch, repeats=1), SST2)


@given(architectures(), st.sampled_from(["block", "node", "none"]), st.booleans())
def test_equal_keys_have_equal_costs(arch, norm, share):
    shape = replace(SST2, norm=norm, share_blocks=share)
    assert count_parameters(arch, shape) == count_parameters(arch.canonical(), shape)
    assert count_flops(arch, shape, 64) == count_flops(arch.canonical(), shape, 64)


@given(architectures())
def test_costs_grow_with_the_repeats(arch):
    more = replace(arch, repeats=arch.repeats + 1)
    assert count_parameters(more, SST2) > count_parameters(arch, SST2)
    assert count_flops(more, SST2, 64) > count_flops(arch, SST2, 64)


@pytest.mark.parametrize(
    ("op", "per_position", "per_pair"),
    [
        (Op("conv", 3), 2 * 3 * 128 * 256, 0),
        (Op("sepconv", 5), 2 * (5 * 128 + 128 * 256), 0),
        (Op("glu"), 2 * 2 * 128 * 256, 0),
        (Op("attention", 4), 2 * (3 * 128 * 256 + 256 * 256), 2 * 2 * 256),
    ],
    ids=str,
)
def test_operations_of_each_layer(op, per_position, per_pair):
    length, adapter = 50, 2 * 256 * 128
    block = length * (per_position + adapter) + length**2 * per_pair
    assert count_flops(single(op), SST2, length) == 3 * block + 2 * 128 * 2


@pytest.mark.parametrize("size", ["vocabulary", "positions", "segments", "classes"])
def test_an_empty_network_is_refused(size):
    with pytest.raises(UserError, match=">= 1 words, positions, segments and classes"):
        NetworkShape(**{size: 0})

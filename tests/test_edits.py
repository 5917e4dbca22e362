"""Evolution operations, repair rules and crossover (Guo 2021, section 5.3): closure and reach.

The reach of the edge operations is enumerated by a reference of their rules that shares no code
with the package, and the two are compared outcome by outcome.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SMALL_SPACES, architectures, rngs, some_architectures

from kdnas.errors import SpaceExhausted
from kdnas.space import (
    PAPER_SPACE,
    Architecture,
    Node,
    Op,
    SearchSpace,
    crossover,
    distance,
    mutate,
    random_uniform,
    simplest,
    valid_edge_sets,
)

PAIRS = set(combinations(range(6), 2))
REPAIRS = ("reconnect", "prune", "mixed")
DIFFERENT = tuple(Node(Op("conv", 1), width) for width in (64, 128, 256, 512))
"""Four nodes that no relabelling can exchange, so that every other graph is another network."""

Graph = frozenset[tuple[int, int]]


# Closure


@pytest.mark.parametrize(
    ("repair", "operations", "furthest"),
    [("reconnect", 10_000, 3), ("prune", 5_000, 5), ("mixed", 5_000, 5)],
)
def test_every_operation_stays_in_the_space_and_near_its_parent(repair, operations, furthest, rng):
    names, steps = Counter(), Counter()
    for _ in range(operations // 100):
        arch = random_uniform(PAPER_SPACE, rng).architecture
        for _ in range(100):
            edit = mutate(arch, replace(PAPER_SPACE, repair=repair), rng)
            child = edit.architecture
            assert child in PAPER_SPACE  # and valid, else it could not exist
            assert child.key != arch.key
            steps[distance(arch, child)] += 1
            names[edit.operation] += 1
            arch = child
    assert min(steps) == 1
    assert max(steps) == furthest, "the bound is kept and met"
    # Each of the four with a quarter, but edges and properties lose some draws to no-ops.
    assert set(names) == {"repeats", "width", "edge", "property"}
    assert min(names.values()) > 0.15 * operations


@pytest.mark.parametrize("repair", REPAIRS)
@pytest.mark.parametrize("space", SMALL_SPACES.values(), ids=SMALL_SPACES)
def test_operations_in_other_spaces(space, repair, rng):
    arch = simplest(space)
    for _ in range(200):
        child = mutate(arch, replace(space, repair=repair), rng).architecture
        assert child in space
        assert child.key != arch.key
        arch = child


@pytest.mark.parametrize("nodes", [3, 5])
def test_operations_in_larger_blocks(nodes, rng):
    space = SearchSpace(nodes=nodes)
    arch = simplest(space)
    for _ in range(100):
        child = mutate(arch, space, rng).architecture
        assert child in space
        assert 1 <= distance(arch, child) <= 3
        arch = child


@given(architectures(), rngs(), st.sampled_from(REPAIRS))
def test_an_operation_leaves_its_parent_alone(arch, rng, repair):
    before = arch.to_json()
    mutate(arch, replace(PAPER_SPACE, repair=repair), rng)
    assert arch.to_json() == before


@given(architectures(), st.integers(0, 2**32 - 1), st.sampled_from(REPAIRS))
def test_equal_generators_make_equal_children(arch, seed, repair):
    copy = Architecture.from_json(arch.to_json())
    children = [
        mutate(parent, replace(PAPER_SPACE, repair=repair), np.random.default_rng(seed))
        for parent in (arch, copy)
    ]
    assert children[0] == children[1]


def test_a_draw_depends_on_the_generator():
    arch = simplest(PAPER_SPACE)
    children = {mutate(arch, PAPER_SPACE, np.random.default_rng(s)).architecture for s in range(30)}
    assert len(children) > 15


def test_properties_change_on_connected_nodes_and_the_output_only(rng):
    arch = replace(simplest(PAPER_SPACE, 2), nodes=DIFFERENT_IN_SPACE)
    changed = Counter()
    for _ in range(2_000):
        edit = mutate(arch, PAPER_SPACE, rng)
        if edit.operation == "property":
            child = edit.architecture
            nodes = [v for v in range(1, 5) if child.nodes[v - 1] != arch.nodes[v - 1]]
            changed[tuple(nodes), child.output != arch.output] += 1
    assert set(changed) == {((2,), False), ((), True)}


DIFFERENT_IN_SPACE = tuple(Node(op, 256) for op in PAPER_SPACE.ops[1:5])


def test_a_new_layer_type_draws_its_parameter_from_the_whole_range(rng):
    arch = simplest(PAPER_SPACE)
    reached = Counter(mutate(arch, PAPER_SPACE, rng).architecture.nodes[0].op for _ in range(4_000))
    assert set(reached) == set(PAPER_SPACE.ops)


def test_an_operation_that_cannot_change_anything_is_redrawn(rng):
    """Only the edges can change here, and only from three to four and back."""
    space = replace(SMALL_SPACES["one value each"], nodes=3)
    arch = simplest(space)
    assert {mutate(arch, space, rng).operation for _ in range(50)} == {"edge"}


def test_a_space_without_neighbours_is_called_exhausted(rng):
    space = replace(SMALL_SPACES["one value each"], nodes=2)
    with pytest.raises(SpaceExhausted, match="in 100 draws"):
        mutate(simplest(space), space, rng)


def test_a_condition_that_nothing_meets_is_called_exhausted(rng):
    asked = []
    with pytest.raises(SpaceExhausted):
        mutate(simplest(PAPER_SPACE), PAPER_SPACE, rng, accept=asked.append)
    assert 50 < len(asked) <= 100


def test_only_acceptable_children_are_returned(rng):
    for _ in range(50):
        child = mutate(simplest(PAPER_SPACE), PAPER_SPACE, rng, accept=lambda a: a.width > 128)
        assert child.architecture.width > 128


# Distance


@given(architectures(), architectures())
def test_distance_counts_the_genes_that_differ(a, b):
    assert distance(a, b) == sum(
        x != y for x, y in zip(PAPER_SPACE.encode(a), PAPER_SPACE.encode(b), strict=True)
    )
    assert distance(a, b) == distance(b, a)
    assert distance(a, a) == 0


# The reach of the edge operations, against a reference


def ends(edges: Graph) -> tuple[set[int], set[int]]:
    return {j for _, j in edges}, {i for i, _ in edges}


def reference_active(edges: Graph) -> set[int]:
    heads, tails = ends(edges)
    return heads & tails


def reference_valid(edges: Graph) -> bool:
    heads, tails = ends(edges)
    return heads - {5} == tails - {0} and 0 in tails and 5 in heads and 3 <= len(edges) <= 12


def reference_reconnect(edges: Graph, partners: set[int]) -> Iterator[Graph]:
    """Every way to give each dangling node one edge to v0, v5 or a partner."""
    heads, tails = ends(edges)
    repairs = []
    for v in (heads ^ tails) - {0, 5}:
        if v in heads:
            repairs.append([(v, u) for u in partners | {5} if u > v])
        else:
            repairs.append([(u, v) for u in partners | {0} if u < v])
    for chosen in product(*repairs):
        yield edges | set(chosen)


@cache
def reference_neighbours(edges: Graph) -> frozenset[Graph]:
    """Every graph one edge operation with `reconnect` can make."""
    added = [edges | {e} for e in PAIRS - edges] if len(edges) < 12 else []
    removed = [edges - {e} for e in edges] if len(edges) > 3 else []
    partners = reference_active(edges)
    found = {g for draft in added + removed for g in reference_reconnect(draft, partners)}
    return frozenset(g for g in found if reference_valid(g) and g != edges)


def reference_pruned_without(graph: Graph, edge: tuple[int, int]) -> Graph | None:
    """What is left when `edge` and then the edges of dangling nodes go, if that is a block."""
    draft = graph - {edge}
    heads, tails = ends(draft)
    gone = (heads ^ tails) - {0, 5}
    left = frozenset(e for e in draft if not gone & set(e))
    return left if gone and reference_valid(left) else None


def reference_pruned(graph: Graph) -> set[Graph]:
    """Every graph that a removal followed by pruning can make."""
    return {reference_pruned_without(graph, edge) for edge in graph} - {None}


def closure(*starts: Graph) -> set[Graph]:
    found, border = set(starts), list(starts)
    while border:
        fresh = reference_neighbours(border.pop()) - found
        found |= fresh
        border.extend(fresh)
    return found


def test_reach_from_one_single_node_start_and_from_all_four():
    """With `reconnect` a node never goes idle, so the start decides what can be reached."""
    starts = [simplest(PAPER_SPACE, v).edges for v in (1, 2, 3, 4)]
    assert len(closure(starts[0])) == 3_653
    assert closure(*starts) == set(valid_edge_sets(4))
    assert len(closure(*starts)) == 3_808


def single_valued(nodes: tuple[Node, ...]) -> SearchSpace:
    """A space in which only the edges and the widths of nodes can change."""
    return replace(SMALL_SPACES["one value each"], node_widths=tuple(n.width for n in nodes))


def graph_samples(repair: str, graph: Graph, count: int) -> set[Graph]:
    """The graphs that the package's edge operation makes of one."""
    space, rng = single_valued(DIFFERENT), np.random.default_rng(3)
    arch = Architecture(2, 64, graph, DIFFERENT)
    edits = (mutate(arch, replace(space, repair=repair), rng) for _ in range(count))
    return {e.architecture.edges for e in edits if e.operation == "edge"}


@pytest.mark.parametrize("graph", [valid_edge_sets(4)[i] for i in (0, 5, 60, 700, 2_000, 3_800)])
def test_edge_operations_make_exactly_what_the_reference_lists(graph):
    made = graph_samples("reconnect", graph, 1_500)
    assert made == reference_neighbours(graph)


@given(architectures(), rngs())
def test_reconnect_never_idles_a_node(arch, rng):
    for _ in range(10):
        child = mutate(arch, replace(PAPER_SPACE, repair="reconnect"), rng).architecture
        assert set(arch.active) <= set(child.active)
        arch = child


PRUNABLE = frozenset({(0, 1), (1, 5), (0, 2), (2, 3), (3, 5), (0, 5), (0, 3)})
"""Without (1, 5) or (0, 1), node 1 dangles and can go; without (2, 3) or (0, 2), node 2."""


def test_prune_removes_dangling_nodes():
    made = graph_samples("prune", PRUNABLE, 1_500)
    smaller = {g for g in made if reference_active(g) < reference_active(PRUNABLE)}
    assert smaller == reference_pruned(PRUNABLE)
    assert PRUNABLE - {(0, 1), (1, 5)} in smaller
    # Where pruning is possible there is no repair: these come from additions or harmless removals.
    others = {g for g in made if len(g) < len(PRUNABLE)} - smaller
    assert others == {PRUNABLE - {e} for e in PRUNABLE if reference_valid(PRUNABLE - {e})}


def test_prune_reconnects_where_no_valid_block_would_be_left():
    """With the path 0-1-2-5 alone, pruning would remove everything."""
    graph = frozenset({(0, 1), (1, 2), (2, 5), (0, 5)})
    made = graph_samples("prune", graph, 500)
    assert reference_pruned(graph) == set()
    assert made == reference_neighbours(graph)


def test_mixed_tosses_a_fair_coin_for_each_removal():
    """Repairs that restore the graph are redrawn, so the visible share of prunings is above 1/2."""
    removable = [e for e in PRUNABLE if reference_pruned_without(PRUNABLE, e)]
    repairs = [
        list(reference_reconnect(PRUNABLE - {e}, reference_active(PRUNABLE))) for e in removable
    ]
    visible = sum(1 - made.count(PRUNABLE) / len(made) for made in repairs)
    expected = len(removable) / (len(removable) + visible)
    space, rng = single_valued(DIFFERENT), np.random.default_rng(11)
    arch = Architecture(2, 64, PRUNABLE, DIFFERENT)
    edges = [
        mutate(arch, replace(space, repair="mixed"), rng).architecture.edges for _ in range(3_000)
    ]
    pruned = sum(reference_active(g) < reference_active(PRUNABLE) for g in edges)
    repaired = sum(len(g) == len(PRUNABLE) and g != PRUNABLE for g in edges)
    share = pruned / (pruned + repaired)
    error = (expected * (1 - expected) / (pruned + repaired)) ** 0.5
    assert error < 0.03
    assert abs(share - expected) < 4 * error, (share, expected)


@pytest.mark.parametrize("repair", ["prune", "mixed"])
def test_with_pruning_the_active_set_can_shrink_to_one_node(repair, rng):
    full = next(g for g in valid_edge_sets(4) if len(g) == 12)
    arch, sizes = Architecture(3, 128, full, DIFFERENT_IN_SPACE), set()
    for _ in range(3_000):
        arch = mutate(arch, replace(PAPER_SPACE, repair=repair), rng).architecture
        sizes.add(len(arch.active))
    assert sizes == {1, 2, 3, 4}


# Crossover


@given(architectures(), rngs())
def test_equal_parents_have_the_same_child(arch, rng):
    assert crossover(arch, arch, rng) == arch


@given(architectures(), architectures(), rngs())
def test_a_childs_genes_come_from_its_parents(a, b, rng):
    child = crossover(a, b, rng)
    assert child in PAPER_SPACE
    assert child.repeats in (a.repeats, b.repeats)
    assert child.width in (a.width, b.width)
    assert child.output in (a.output, b.output)
    assert all(n in pair for n, *pair in zip(child.nodes, a.nodes, b.nodes, strict=True))
    assert a.edges & b.edges <= child.edges, "what both parents have is kept"
    assert len(child.edges - (a.edges | b.edges)) <= 4, "one new edge per repaired node"


def test_a_child_mixes_and_every_part_comes_from_either_parent():
    a, b = some_architectures(2)
    rng = np.random.default_rng(0)
    children = [crossover(a, b, rng) for _ in range(300)]
    for read in (lambda x: x.repeats, lambda x: x.width, lambda x: x.output, *NODE_ROWS):
        share = sum(read(c) == read(a) for c in children) / 300
        assert read(a) == read(b) or 0.4 < share < 0.6
    assert sum(c.edges in (a.edges, b.edges) for c in children) < 150
    for edge in a.edges ^ b.edges:
        assert 0.1 < sum(edge in c.edges for c in children) / 300 < 0.95


NODE_ROWS = [lambda x, i=i: x.nodes[i] for i in range(4)]


@given(architectures(), architectures(), rngs())
def test_crossover_leaves_its_parents_alone(a, b, rng):
    before = a.to_json(), b.to_json()
    crossover(a, b, rng)
    assert (a.to_json(), b.to_json()) == before


def test_a_child_depends_on_the_values_of_its_parents_alone():
    """Equal sets may be walked in different orders; a resumed run reads its parents from JSON."""
    for seed, a in enumerate(some_architectures(40)):
        b = some_architectures(1, seed + 100)[0]
        again = replace(a, edges=frozenset(sorted(a.edges, reverse=True)))
        assert again == a
        one, two = (crossover(x, b, np.random.default_rng(seed)) for x in (a, again))
        assert one == two


@pytest.mark.parametrize("space", SMALL_SPACES.values(), ids=SMALL_SPACES)
def test_crossover_in_other_spaces(space, rng):
    for _ in range(100):
        a, b = (random_uniform(space, rng).architecture for _ in range(2))
        assert crossover(a, b, rng) in space

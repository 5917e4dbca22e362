"""The search space: exact counts, what is valid, identity, genes, JSON, and where draws come from.

The counts are those of Guo 2021, section 5.3, and of an enumeration of all 32,768 edge subsets.
"""

import json
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, replace
from functools import reduce
from hashlib import sha256
from itertools import combinations, permutations
from operator import getitem
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SMALL_SPACES, architectures, rngs

from kdnas.errors import SpaceExhausted, UserError
from kdnas.space import (
    IDLE,
    PAPER_SPACE,
    Architecture,
    NetworkShape,
    Node,
    Op,
    Output,
    SearchSpace,
    count_genotypes,
    crossover,
    distance,
    mutate,
    random_edits,
    random_uniform,
    read_genotype,
    simplest,
    valid_edge_sets,
)
from kdnas.space.dag import all_edges

PAIRS = list(combinations(range(6), 2))


def reference_valid(edges: set[tuple[int, int]]) -> bool:
    """The paper's conditions but the edge bounds, vertex by vertex."""
    inputs = {v: sum(j == v for _, j in edges) for v in range(6)}
    outputs = {v: sum(i == v for i, _ in edges) for v in range(6)}
    whole = all((inputs[v] > 0) == (outputs[v] > 0) for v in range(1, 5))
    return whole and outputs[0] > 0 and inputs[5] > 0


# Counts


def test_genotypes_of_the_papers_space():
    assert count_genotypes(PAPER_SPACE) == 58_498_535_041_007_616


def test_genotypes_are_the_product_of_the_ranges():
    space = SMALL_SPACES["other kernels"]
    assert count_genotypes(space) == 6 * 3 * 2**15 * (4 * 3 * 3 * 3) ** 4 * 9
    assert count_genotypes(SMALL_SPACES["one value each"]) == 2**15
    assert count_genotypes(SMALL_SPACES["two nodes"]) == 6 * 3 * 2**6 * 324**2 * 9


def test_valid_graphs_equal_an_independent_enumeration():
    subsets = [{p for i, p in enumerate(PAIRS) if n >> i & 1} for n in range(2**15)]
    valid = [s for s in subsets if reference_valid(s)]
    assert len(valid) == 3_903
    bounded = {frozenset(s) for s in valid if 3 <= len(s) <= 12}
    assert len(bounded) == 3_808
    assert set(valid_edge_sets(4)) == bounded
    assert len(valid_edge_sets(4)) == 3_808, "no graph is listed twice"


def test_valid_graphs_by_active_nodes_and_by_edges():
    graphs = valid_edge_sets(4)
    active = Counter(len({v for e in g for v in e} - {0, 5}) for g in graphs)
    assert active == {1: 4, 2: 60, 3: 488, 4: 3256}
    by_edges = [Counter(map(len, graphs))[e] for e in range(3, 13)]
    assert by_edges == [10, 28, 69, 164, 339, 611, 872, 869, 584, 262]


@pytest.mark.parametrize(("nodes", "graphs"), [(2, 3), (3, 120)])
def test_valid_graphs_of_smaller_blocks(nodes, graphs):
    assert len(valid_edge_sets(nodes)) == graphs


# What is valid


def chain(**changes) -> Architecture:
    """0-1-2-5 with two unconnected nodes."""
    node = Node(Op("conv", 3), 256, "mul", "relu")
    values = {
        "repeats": 3,
        "width": 128,
        "edges": frozenset({(0, 1), (1, 2), (2, 5)}),
        "nodes": (node,) * 4,
    }
    return Architecture(**values | changes)


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ({(0, 1), (1, 5)}, "2 edges; a block has 3 to 12"),
        (set(PAIRS), "15 edges; a block has 3 to 12"),
        (set(PAIRS) - {(0, 5), (1, 2)}, "13 edges"),
        ({(0, 1), (1, 5), (0, 2)}, "node 2 has only inputs or only outputs"),
        ({(0, 1), (1, 5), (3, 5)}, "node 3 has only inputs or only outputs"),
        ({(0, 1), (1, 5), (5, 0)}, r"edge \(5, 0\) is not a pair i < j of 0..5"),
        ({(0, 1), (1, 5), (2, 2)}, r"edge \(2, 2\)"),
        ({(0, 1), (1, 5), (1, 6)}, r"edge \(1, 6\)"),
    ],
)
def test_invalid_graphs_are_refused(edges, message):
    with pytest.raises(UserError, match=message):
        chain(edges=frozenset(edges))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: chain(repeats=0), "repeats 0: use a number from 1 to 1000"),
        (lambda: chain(repeats=True), "repeats True"),
        (lambda: chain(width=2.5), "width 2.5"),
        (lambda: chain(nodes=(IDLE,)), "1 nodes; a block has 2 to 5"),
        (lambda: chain(nodes=(IDLE,) * 7), "7 nodes; a block has 2 to 5"),
        (lambda: Op("conv", 4), "conv kernels are odd, got 4"),
        (lambda: Op("sepconv", 2), "sepconv kernels are odd, got 2"),
        (lambda: Op("conv"), "conv needs a size >= 1, got 0"),
        (lambda: Op("attention", -4), "attention needs a size >= 1, got -4"),
        (lambda: Op("glu", 1), "glu has no size, got 1"),
        (lambda: Node(Op("glu"), 0), "node width 0"),
        (lambda: Node(Op("attention", 16), 200), "width 200 is not divisible by 16 heads"),
    ],
)
def test_invalid_parts_are_refused_in_one_line(make, message):
    with pytest.raises(UserError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"nodes": 1}, "space.nodes = 1: a block has 2 to 5"),
        ({"nodes": 7}, "space.nodes = 7"),
        ({"repeats": ()}, "space.repeats = []: give at least one value"),
        ({"widths": (128, 128)}, "space.widths = [128, 128]"),
        ({"repeats": (0, 1)}, "use numbers from 1 to"),
        ({"widths": (-128,)}, "use numbers from 1 to"),
        ({"node_widths": ()}, "space.node_widths = []"),
        ({"modes": ()}, "space.modes = []"),
        ({"activations": ("relu", "relu")}, "space.activations"),
        ({"layers": {"conv": (2,)}}, "conv kernels are odd, got 2"),
        ({"layers": {"attention": (3,)}}, "width 128 is not divisible by 3 heads"),
        (
            {"layers": {}},
            "space.layers has no layer type",
        ),
    ],
)
def test_impossible_ranges_are_refused(ranges, message):
    with pytest.raises(UserError) as caught:
        SearchSpace(**ranges)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_keys_and_draws_are_those_of_the_first_recorded_runs():
    """Keys name students in archives; the hashes were recorded before layers were a registry."""
    for repair, recorded in (("reconnect", "7dee7f1c21d6a945"), ("mixed", "3641dbb2ff7db6a0")):
        space, rng, keys = replace(PAPER_SPACE, repair=repair), np.random.default_rng(16), []
        for _ in range(100):
            edited = random_edits(space, rng).architecture
            drawn = random_uniform(space, rng).architecture
            changed = mutate(edited, space, rng).architecture
            keys += [a.key for a in (edited, drawn, changed, crossover(drawn, changed, rng))]
        assert sha256(" ".join(keys).encode()).hexdigest()[:16] == recorded


@pytest.mark.parametrize(
    ("foreign", "message"),
    [
        (Node(Op("pool", 3), 128), "no layer type 'pool'; there are conv, sepconv, attention, glu"),
        (Node(Op("glu"), 128, "max"), "no input mode 'max'"),
    ],
)
def test_a_student_with_foreign_parts_can_be_read_but_not_counted(foreign, message):
    """An archive is read without the code of its parts."""
    arch = chain(
        edges=frozenset({(0, 1), (0, 2), (1, 2), (2, 5)}), nodes=(IDLE, foreign) + (IDLE,) * 2
    )
    again = Architecture.from_json(arch.to_json())
    assert (again, again.key) == (arch, arch.key)
    with pytest.raises(UserError, match=re.escape(message)):
        PAPER_SPACE.cost(again, NetworkShape(), 8)


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"layers": {"pool": (3,)}}, "no layer type 'pool'"),
        ({"modes": ("max",)}, "no input mode 'max'"),
        ({"activations": ("gelu",)}, "no activation 'gelu'"),
    ],
)
def test_a_space_has_only_parts_that_are_there(ranges, message):
    with pytest.raises(UserError, match=message):
        SearchSpace(**ranges)


def test_values_are_frozen_and_hashable():
    arch = chain()
    for thing, field in [(arch, "width"), (arch.nodes[0], "width"), (arch.output, "mode")]:
        with pytest.raises(FrozenInstanceError):
            setattr(thing, field, 1)
    assert {arch: 1}[chain()] == 1
    assert {SearchSpace(): 1}[PAPER_SPACE] == 1


def test_an_architecture_is_no_sequence():
    """Else NumPy would unpack it inside an object array."""
    assert not hasattr(Architecture, "__iter__")
    assert not hasattr(Architecture, "__len__")
    assert not hasattr(Architecture, "__getitem__")


def test_it_crosses_process_borders():
    arch = chain()
    assert arch.key  # cached before pickling
    copy = pickle.loads(pickle.dumps(arch))
    assert (copy, copy.key) == (arch, arch.key)


def test_wiring_in_words():
    arch = chain(edges=frozenset({(0, 1), (1, 5), (0, 5), (0, 3), (1, 3), (3, 5)}))
    assert arch.active == (1, 3)
    assert arch.sources(3) == (0, 1)
    assert arch.sources(5) == (0, 1, 3)
    assert str(arch) == "R3 W128 E6 [conv3/256 conv3/256]"


# Identity


@st.composite
def relabelled(draw: st.DrawFn) -> tuple[Architecture, Architecture]:
    """An architecture and itself under a random numbering of all nodes that keeps i < j."""
    arch = draw(architectures())

    def renamed(order: tuple[int, ...]) -> frozenset[tuple[int, int]]:
        place = {0: 0, 5: 5} | {v: i for i, v in enumerate(order, start=1)}
        return frozenset((place[i], place[j]) for i, j in arch.edges)

    orders = [o for o in permutations(range(1, 5)) if all(i < j for i, j in renamed(o))]
    order = draw(st.sampled_from(orders))
    nodes = tuple(arch.nodes[v - 1] for v in order)
    return arch, replace(arch, edges=renamed(order), nodes=nodes)


@given(relabelled())
def test_relabelled_blocks_have_equal_keys(pair):
    arch, other = pair
    assert arch.key == other.key
    assert arch.canonical() == other.canonical()


def test_the_relabelling_property_is_not_empty():
    """Two parallel branches with different layers, exchanged: other genes, equal keys."""
    edges = frozenset({(0, 1), (0, 2), (1, 5), (2, 5)})
    one, two = Node(Op("conv", 3), 128), Node(Op("glu"), 256)
    left = chain(edges=edges, nodes=(one, two, IDLE, IDLE))
    right = chain(edges=edges, nodes=(two, one, IDLE, IDLE))
    assert left != right
    assert PAPER_SPACE.encode(left) != PAPER_SPACE.encode(right)
    assert left.key == right.key


ROW = {"op": PAPER_SPACE.ops, "width": (128, 256, 512), "mode": ("add", "mul", "concat")}
ROW["activation"] = ("none", "relu", "swish")


def with_node(arch: Architecture, vertex: int, **changes) -> Architecture:
    nodes = list(arch.nodes)
    nodes[vertex - 1] = replace(nodes[vertex - 1], **changes)
    return replace(arch, nodes=tuple(nodes))


def other(values, current):
    return next(value for value in values if value != current)


@given(architectures())
def test_genes_without_effect_do_not_change_the_key(arch):
    for vertex in range(1, 5):
        node = arch.nodes[vertex - 1]
        if vertex not in arch.active:
            for field, values in ROW.items():
                changed = with_node(arch, vertex, **{field: other(values, getattr(node, field))})
                assert changed.key == arch.key, f"idle node {vertex}, {field}"
        elif len(arch.sources(vertex)) == 1:
            changed = with_node(arch, vertex, mode=other(ROW["mode"], node.mode))
            assert changed.key == arch.key, f"single input of {vertex}"
    if len(arch.sources(5)) == 1:
        mode = other(ROW["mode"], arch.output.mode)
        assert replace(arch, output=replace(arch.output, mode=mode)).key == arch.key


@pytest.mark.parametrize("mode", ["add", "mul", "concat"])
def test_the_mode_of_a_single_input_does_not_count(mode):
    """In 0-1-2-5 nothing merges."""
    arch = chain(output=Output("concat", "relu"))
    assert with_node(arch, 1, mode=mode).key == arch.key
    assert replace(arch, output=Output(mode, "relu")).key == arch.key
    assert replace(arch, output=Output("concat", "swish")).key != arch.key


@given(architectures())
def test_every_gene_with_effect_changes_the_key(arch):
    changed = [replace(arch, repeats=arch.repeats + 1), replace(arch, width=arch.width + 1)]
    for vertex in arch.active:
        node, merges = arch.nodes[vertex - 1], len(arch.sources(vertex)) > 1
        for field, values in ROW.items():
            if field != "mode" or merges:
                value = other(values, getattr(node, field))
                changed.append(with_node(arch, vertex, **{field: value}))
    output = arch.output
    swap = {"activation": other(ROW["activation"], output.activation)}
    changed.append(replace(arch, output=replace(output, **swap)))
    if len(arch.sources(5)) > 1:
        swap = {"mode": other(ROW["mode"], output.mode)}
        changed.append(replace(arch, output=replace(output, **swap)))
    assert arch.key not in {c.key for c in changed}


def test_edges_change_the_key():
    """With four different nodes, only relabelled graphs share a key."""
    nodes = tuple(Node(Op("conv", 1), width) for width in (128, 256, 512, 1024))
    keys = Counter(chain(edges=g, nodes=nodes).key for g in valid_edge_sets(4))
    labels = Counter(canonical_graph(g, nodes) for g in valid_edge_sets(4))
    assert len(keys) == len(labels)
    assert sorted(keys.values()) == sorted(labels.values())


def canonical_graph(edges, nodes):
    """A graph by the names of its nodes; nothing else tells two of them apart."""
    name = {0: "in", 5: "out"} | {v: nodes[v - 1].width for v in range(1, 5)}
    order = {v: sorted(str(name[i]) for i, j in edges if j == v) for v in range(6)}
    return frozenset((str(name[v]), tuple(order[v])) for v in range(6) if order[v])


@given(architectures())
def test_canonical_is_valid_and_idempotent_and_keeps_the_key(arch):
    canonical = arch.canonical()
    assert canonical.canonical() == canonical
    assert canonical.key == arch.key
    assert canonical.active == tuple(range(1, len(arch.active) + 1))
    assert all(node == IDLE for node in canonical.nodes[len(arch.active) :])
    assert canonical in PAPER_SPACE


def test_the_key_is_the_same_on_every_machine():
    """Keys name files and seed trainings, so this value may change only with a new schema."""
    assert simplest(PAPER_SPACE).key == "1343741ddc556538"
    assert len({simplest(PAPER_SPACE, node).key for node in (1, 2, 3, 4)}) == 1


# Genes and JSON


@given(architectures())
def test_genes_round_trip(arch):
    genes = PAPER_SPACE.encode(arch)
    assert len(genes) == 35
    assert all(type(g) is int for g in genes)
    assert PAPER_SPACE.decode(genes) == arch
    assert PAPER_SPACE.encode(arch) == genes


def test_genes_are_in_the_stated_order():
    node = Node(Op("attention", 8), 512, "concat", "swish")
    arch = Architecture(4, 256, frozenset({(0, 3), (3, 5), (0, 5)}), (IDLE, IDLE, node, IDLE))
    bits = [int(pair in {(0, 3), (3, 5), (0, 5)}) for pair in PAIRS]
    idle, output = [0, 0, 0, 0], [0, 0]
    expected = [1, 1, *bits, *idle, *idle, 9, 2, 2, 2, *idle, *output]
    assert PAPER_SPACE.encode(arch) == tuple(expected)


@pytest.mark.parametrize("space", SMALL_SPACES.values(), ids=SMALL_SPACES)
def test_genes_round_trip_in_other_spaces(space, rng):
    for _ in range(50):
        arch = random_uniform(space, rng).architecture
        assert arch in space
        assert space.decode(space.encode(arch)) == arch


def test_genes_of_a_foreign_architecture_are_refused():
    arch = chain(repeats=9)
    assert arch not in PAPER_SPACE
    with pytest.raises(UserError, match="9 is not in the space; it offers 3, 4, 5, 6, 7, 8"):
        PAPER_SPACE.encode(arch)
    with pytest.raises(UserError, match="4 nodes; this space has 3"):
        SMALL_SPACES["three nodes"].encode(chain())


@pytest.mark.parametrize(
    ("genes", "message"),
    [
        ((0,) * 34, "34 genes; this space has 35"),
        ((6,) + (0,) * 34, "outside its range"),
        ((-1,) + (0,) * 34, "outside its range"),
        ((0,) * 35, "invalid block: 0 edges"),
    ],
)
def test_genes_that_describe_nothing_are_refused(genes, message):
    with pytest.raises(UserError, match=message):
        PAPER_SPACE.decode(genes)


@given(architectures())
def test_json_round_trip(arch):
    text = arch.to_json()
    assert "\n" not in text
    assert Architecture.from_json(text) == arch
    assert Architecture.from_json(text).to_json() == text


def edited(**changes) -> str:
    return json.dumps(json.loads(chain().to_json()) | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not an architecture"),
        ("[]", "not an architecture"),
        ("3", "not an architecture"),
        ("{}", "not an architecture"),
        ("{", "not an architecture"),
        ("9" * 5000, "not an architecture: a number has too many digits"),
        ("[" * 100_000, "not an architecture: its brackets are too deep"),
        (edited(nodes="conv"), r'nodes is "conv"; give a list of nodes'),
        (edited(nodes=[{"width": 128}]), r"nodes\[0\] has no op; it needs op, width"),
        (edited(edges=[[0, 1, 2]]), r"edges\[0\] is \[0, 1, 2\]; give two whole numbers"),
        (edited(edges=[[0, True]]), r"edges\[0\] is \[0, true\]; give two whole numbers"),
        (edited(edges=None), "edges is null; give a list of pairs"),
        (edited(output={"mode": "add", "gate": 1}), "output has the unknown field 'gate'; there"),
        (edited(output=None), "output is null; give an object with mode, activation"),
        (
            edited(nodes=[{"op": {"kind": "conv", "size": 3}, "width": 1, "x": 1}] * 4),
            "not an arch",
        ),
        (edited(depth=3), "its JSON has the unknown field 'depth'; there are repeats, width"),
        (edited(repeats=0), "repeats 0"),
        (edited(repeats=3.0), "repeats 3.0"),
        (edited(width="128"), "width '128'"),
        (edited(edges=[[0, 1]]), "1 edges; a block has 3 to 12"),
    ],
)
def test_json_that_is_no_architecture_is_refused_in_one_line(text, message):
    with pytest.raises(UserError, match=message) as caught:
        Architecture.from_json(text)
    assert "\n" not in str(caught.value)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=4,
)
_PYTHONS = re.compile(
    r"(?<!give an )(?<!give a JSON )object|NoneType|__init__|argument|subscript|unpack|iterable"
    r"|indices|type '"
)
"""Words of Python's own errors; `an object` is one of JSON."""


_ALLOWED = re.compile(
    r"[;:] (give|it needs|there are|use|a block has|connect)|needs a|has no size|are odd"
    r"|not divisible|is not a pair|there are"
)
"""How it is said what may be."""


def refusal(read: Callable[[str], object], text: str) -> str:
    """What is said of a text that is no architecture."""
    try:
        read(text)
    except UserError as error:
        return str(error)
    return ""


def places(values: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths to everything within a value of JSON."""
    for name, value in values.items() if isinstance(values, dict) else enumerate(values):
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))


@given(architectures(), _VALUES, st.data())
def test_any_wrong_json_is_named_with_its_field_and_what_may_be(arch, value, data):
    values = json.loads(arch.to_json())
    path = data.draw(st.sampled_from([*places(values)]))
    holder = reduce(getitem, path[:-1], values)
    how = data.draw(st.sampled_from(["replaced", "gone", "more"]))
    if how == "replaced":
        holder[path[-1]] = value
    elif how == "gone":
        del holder[path[-1]]
    elif isinstance(holder, dict):
        holder[data.draw(st.text(max_size=9))] = value
    else:
        holder.append(value)
    for read in (Architecture.from_json, read_genotype):
        said = refusal(read, json.dumps(values))
        if said:
            assert not _PYTHONS.search(said), said
            assert len(said.splitlines()) == 1
            assert len(said) < 400
            assert _ALLOWED.search(said), said


# Draws


@pytest.mark.parametrize("node", [1, 2, 3, 4])
def test_the_simplest_architecture(node):
    arch = simplest(PAPER_SPACE, node)
    assert (arch.repeats, arch.width, arch.active) == (3, 128, (node,))
    assert arch.edges == {(0, node), (node, 5), (0, 5)}
    assert arch.nodes[node - 1] == Node(Op("conv", 1), 128, "add", "none")
    assert arch.output == Output("add", "none")


@pytest.mark.parametrize("space", SMALL_SPACES.values(), ids=SMALL_SPACES)
def test_the_simplest_architecture_of_other_spaces(space):
    for node in range(1, space.nodes + 1):
        assert simplest(space, node) in space


def test_uniform_draws_favour_no_size_and_reach_every_value(rng):
    draws = [random_uniform(PAPER_SPACE, rng) for _ in range(4_000)]
    assert {d.operation for d in draws} == {"uniform"}
    archs = [d.architecture for d in draws]
    active = Counter(len(a.active) for a in archs)
    # Binomial with p = 1/4: standard deviation 27.4 of 4,000; 5 of them on either side.
    assert all(1_000 - 137 < active[n] < 1_000 + 137 for n in (1, 2, 3, 4)), active
    reached = [set(values) for values in zip(*(PAPER_SPACE.encode(a) for a in archs), strict=True)]
    sizes = [6, 3, *[2] * 15, *[12, 3, 3, 3] * 4, 3, 3]
    assert [len(values) for values in reached] == sizes
    ops = Counter(n.op for a in archs for n in a.nodes)
    assert max(ops.values()) < 1.2 * min(ops.values()), "12 layers, about 1,333 each"


@given(rngs())
def test_initial_draws_are_in_the_space(rng):
    edit = random_edits(PAPER_SPACE, rng)
    assert edit.operation == "initial"
    assert edit.architecture in PAPER_SPACE


def test_initial_draws_are_one_to_ten_edits_from_every_simplest_architecture(rng):
    archs = [random_edits(PAPER_SPACE, rng).architecture for _ in range(600)]
    starts = [simplest(PAPER_SPACE, node) for node in (1, 2, 3, 4)]
    away = Counter(min(distance(start, arch) for start in starts) for arch in archs)
    assert max(away) <= 10 * 3
    assert away[1] > 600 / 10 / 2, "one in ten has a single edit, most of these in a single gene"
    assert sum(away[d] for d in away if d >= 8) > 60, "and one in ten has ten"
    alone = Counter(arch.active[0] for arch in archs if len(arch.active) == 1)
    assert set(alone) == {1, 2, 3, 4}
    assert min(alone.values()) > max(alone.values()) / 2


@given(st.sampled_from(list(SMALL_SPACES)), rngs())
def test_initial_draws_of_other_spaces(name, rng):
    space = SMALL_SPACES[name]
    assert random_edits(space, rng).architecture in space


def test_equal_generators_give_equal_draws():
    for draw in (random_edits, random_uniform):
        one, two, three = (draw(PAPER_SPACE, np.random.default_rng(seed)) for seed in (7, 7, 8))
        assert one == two
        assert one != three


@pytest.mark.parametrize("draw", [random_edits, random_uniform])
def test_a_condition_on_the_draws(draw, rng):
    edit = draw(PAPER_SPACE, rng, accept=lambda a: a.width == 256)
    assert edit.architecture.width == 256
    with pytest.raises(SpaceExhausted, match="in 100"):
        draw(PAPER_SPACE, rng, accept=lambda _: False)


def test_a_block_of_five_nodes_can_be_edited(rng):
    space = SearchSpace(nodes=5)
    for _ in range(20):
        arch = random_edits(space, rng).architecture
        assert arch in space
        assert space.decode(space.encode(arch)) == arch
        assert len(space.encode(arch)) == 2 + len(all_edges(5)) + 5 * 4 + 2

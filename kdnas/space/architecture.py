"""`Architecture`: one student, as frozen and validated data without any network library."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any

from kdnas.errors import UserError
from kdnas.space import dag
from kdnas.space.layers import LAYERS, Op, layer_order
from kdnas.space.merges import ACTIVATIONS, MERGES
from kdnas.space.written import entries, members, pair, placed, read_json, shown, word

MOST_REPEATS = 1000
MOST_WIDTH = 2**16
"""What memory holds, and what is built without an end."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UserError(message)


def _require_number(name: str, value: object, most: int) -> None:
    valid = type(value) is int and 1 <= value <= most
    _require(valid, f"{name} {value!r:.40}: use a number from 1 to {most}")


@dataclass(frozen=True)
class Node:
    """One computational node: how inputs merge, the layer, its output width, the activation."""

    op: Op
    width: int
    mode: str = "add"
    activation: str = "none"

    def __post_init__(self) -> None:
        _require_number("node width", self.width, MOST_WIDTH)
        if self.op.kind in LAYERS:
            LAYERS[self.op.kind].check_width(self.op, self.width)


@dataclass(frozen=True)
class Output:
    """The output node: a merge and an activation, no layer of its own."""

    mode: str = "add"
    activation: str = "none"


IDLE = Node(Op("conv", 1), width=128)
"""What `Architecture.canonical` puts in the place of a node that is not connected."""


@dataclass(frozen=True)
class Architecture:
    """A student: `repeats` blocks of hidden width `width`, all with the same graph.

    Attributes:
        repeats: Number of blocks, R.
        width: Hidden width between blocks, W.
        edges: The block's data flow, pairs (i, j) with i < j; 0 is the input, n + 1 the output.
        nodes: The computational nodes v1..vn; unconnected ones keep their genes.
        output: Merge and activation of the output node.

    Raises:
        UserError: The description is no valid student; the message names value and limit.
    """

    repeats: int
    width: int
    edges: dag.Edges
    nodes: tuple[Node, ...]
    output: Output = Output()

    def __post_init__(self) -> None:
        _require_number("repeats", self.repeats, MOST_REPEATS)
        _require_number("width", self.width, MOST_WIDTH)
        _require(2 <= len(self.nodes) <= 5, f"{len(self.nodes)} nodes; a block has 2 to 5")
        problem = dag.problem(self.edges, len(self.nodes))
        _require(problem is None, f"invalid block: {problem}")

    @cached_property
    def active(self) -> tuple[int, ...]:
        """The connected computational nodes, ascending."""
        return dag.active_nodes(self.edges, len(self.nodes))

    def sources(self, vertex: int) -> tuple[int, ...]:
        """Predecessors of `vertex`, ascending."""
        return dag.sources(self.edges, vertex)

    @cached_property
    def key(self) -> str:
        """The identity of the network this describes: 16 hexadecimal digits.

        Equal for architectures that differ only in the numbering of their nodes, in genes of
        unconnected nodes, or in the mode of a merge with a single input.
        """
        return _key(self)

    def canonical(self) -> "Architecture":
        """The representative of all architectures with the same `key`.

        Connected nodes are numbered first; of the numberings that keep i < j the one with the
        smallest genes is taken; genes without effect are set to a fixed value.
        """
        return self._canonical

    @cached_property
    def _canonical(self) -> "Architecture":
        n = len(self.nodes)
        rows = {v: self._effective(v) for v in self.active}
        best: tuple[tuple[Any, ...], dag.Edges, tuple[int, ...]] | None = None
        for order in dag.topological_orders(self.edges, self.active):
            place = {0: 0, n + 1: n + 1} | {v: i for i, v in enumerate(order, start=1)}
            edges = frozenset((place[i], place[j]) for i, j in self.edges)
            genes = [edge in edges for edge in dag.all_edges(n)], [_row(rows[v]) for v in order]
            if best is None or genes < best[0]:
                best = genes, edges, order
        assert best is not None  # the numbering as it is is one of them
        _, edges, order = best
        nodes = (*(rows[v] for v in order), *[IDLE] * (n - len(order)))
        output = self.output if len(self.sources(n + 1)) > 1 else replace(self.output, mode="add")
        return Architecture(self.repeats, self.width, edges, nodes, output)

    def _effective(self, vertex: int) -> Node:
        node = self.nodes[vertex - 1]
        return node if len(self.sources(vertex)) > 1 else replace(node, mode="add")

    def to_json(self) -> str:
        """One line of JSON; `Architecture.from_json` reads it back."""
        values = {
            "repeats": self.repeats,
            "width": self.width,
            "edges": sorted(self.edges),
            "nodes": [{**vars(node), "op": vars(node.op)} for node in self.nodes],
            "output": vars(self.output),
        }
        return json.dumps(values, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """The architecture that `to_json` wrote, or a hand-made one of the same form.

        Raises:
            UserError: The text is not JSON, a field is missing or unknown, or a value is invalid.
        """
        values = members(
            "its JSON", read_json(text), ("repeats", "width", "edges", "nodes"), ("output",)
        )
        nodes = entries("nodes", values["nodes"], "nodes, each with op and width")
        edges = entries("edges", values["edges"], "pairs, such as [0, 1]")
        return cls(
            values["repeats"],
            values["width"],
            frozenset(pair(f"edges[{i}]", edge) for i, edge in enumerate(edges)),
            tuple(_node(f"nodes[{i}]", node) for i, node in enumerate(nodes)),
            Output(**_merge("output", members("output", values.get("output", {}), (), _MERGE))),
        )

    def __str__(self) -> str:
        layers = " ".join(f"{self.nodes[v - 1].op}/{self.nodes[v - 1].width}" for v in self.active)
        return f"R{self.repeats} W{self.width} E{len(self.edges)} [{layers}]"


_MERGE = ("mode", "activation")


def _node(place: str, value: object) -> Node:
    """A node of a block in JSON."""
    given = members(place, value, ("op", "width"), _MERGE)
    op = members(f"{place}.op", given["op"], ("kind",), ("size",))
    kind, size = word(f"{place}.op.kind", op["kind"], LAYERS), op.get("size", 0)
    with placed(place):
        _require(type(size) is int, f"{kind} has the size {shown(size)}: use a whole number")
        return Node(Op(kind, size), given["width"], **_merge(place, given))


def _merge(place: str, given: dict[str, Any]) -> dict[str, str]:
    """The input mode and the activation among the fields of a node."""
    known: dict[str, Collection[str]] = {"mode": [*MERGES], "activation": [*ACTIVATIONS]}
    return {
        name: word(f"{place}.{name}", given[name], parts)
        for name, parts in known.items()
        if name in given
    }


@lru_cache(maxsize=4096)
def _key(arch: Architecture) -> str:
    """Kept for a while: a population that has converged draws the same neighbours again."""
    return key_of(arch.canonical().to_json())


def key_of(text: str) -> str:
    """The identity of a genotype whose canonical form is `text`: 16 hexadecimal digits."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _row(node: Node) -> tuple[Any, ...]:
    """A node's genes, in an order that does not depend on any search space."""
    return *layer_order(node.op), node.width, node.mode, node.activation

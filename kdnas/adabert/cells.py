"""AdaBERT's cells as values: which operation stands on which edge, and what it costs (Chen 2020).

A cell has two inputs, the outputs of the two cells before it, and three nodes; each node adds up
what comes in over its edges. All cells of a student are alike.
"""

import json
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple, Self

from kdnas.errors import UserError

INPUTS, NODES = 2, 3
EDGES = tuple((u, v) for v in range(INPUTS, INPUTS + NODES) for u in range(v))
"""All edges of a cell, (source, node); vertices 0 and 1 are the inputs."""

COSTS = {
    "conv3": 0.0999,
    "conv5": 0.1037,
    "conv7": 0.1076,
    "dilated3": 0.0999,
    "dilated5": 0.1037,
    "dilated7": 0.1076,
    "max": 0.0944,
    "average": 0.0944,
    "identity": 0.0944,
    "zero": 0.0944,
}
"""What an operation costs, of all ten together 1: the figures of the authors' own code."""

OPS = tuple(COSTS)

SHIPPED_CELL = files("kdnas.adabert") / "kdnas-cell.json"
"""A cell that `search_cell` has found (`benchmarks/cell_search.py`)."""


class CellEdge(NamedTuple):
    """An operation on the way from one vertex of a cell to one of its nodes."""

    source: int
    node: int
    op: str


@dataclass(frozen=True)
class CellArchitecture:
    """A student of equal cells.

    Attributes:
        cells: How many stand on each other; 0 for the embedding alone.
        width: Features of every state.
        edges: Of each cell, in order, no two between the same vertices.

    Raises:
        UserError: An edge, an operation or a size that there is not.
    """

    cells: int
    width: int
    edges: tuple[CellEdge, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "edges", tuple(CellEdge(*edge) for edge in self.edges))
        if self.cells < 0 or self.width < 1:
            raise UserError(f"{self.cells} cells of width {self.width}: use at least 0 and 1")
        for edge in self.edges:
            if edge[:2] not in EDGES or edge.op not in OPS:
                raise UserError(f"no edge of a cell: {tuple(edge)}; operations: {', '.join(OPS)}")
        places = [EDGES.index(edge[:2]) for edge in self.edges]
        if any(first >= second for first, second in pairwise(places)):
            raise UserError("the edges of a cell stand in order, each once")

    def to_json(self) -> str:
        """The file form."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote.

        Raises:
            UserError: It is something else.
        """
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError, RecursionError) as error:
            raise UserError(f"no cell: {error}") from error

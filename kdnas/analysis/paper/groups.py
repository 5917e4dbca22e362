"""Mean accuracy and robustness of the students with each count of something in a block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from kdnas.analysis.front import evaluated
from kdnas.metrics import ACCURACY, ROBUSTNESS, Metric
from kdnas.runs import Row
from kdnas.space import LAYERS, Architecture

PAPER_LAYERS = ("conv", "sepconv", "glu", "attention")
"""The layer types in the order of the figures and tables of the paper."""

SMALLEST = 5
"""Groups of fewer students are left out."""


def _layers(arch: Architecture, kind: str) -> int:
    return sum(arch.nodes[vertex - 1].op.kind == kind for vertex in arch.active)


TRAITS: dict[str, Callable[[Architecture], int]] = {
    "vertices": lambda arch: len(arch.active),
    "edges": lambda arch: len(arch.edges),
    **{kind: partial(_layers, kind=kind) for kind in dict.fromkeys((*PAPER_LAYERS, *LAYERS))},
}
"""Counts in one block: connected computational nodes, edges, and nodes with each type of layer."""

STUDIED = (ACCURACY, ROBUSTNESS)
"""The scores whose dependence on traits and trainings is studied."""


@dataclass(frozen=True)
class Group:
    """The students with one count: mean of a metric and its standard error, in its unit."""

    count: int
    mean: float
    error: float
    students: int


def grouped(rows: Sequence[Row], trait: str, metric: Metric) -> list[Group]:
    """Means over the evaluated students with each count of a trait, smallest count first."""
    students = evaluated(rows)
    counts = np.array([TRAITS[trait](row.architecture) for row, _ in students])
    values = np.array([metric.shown(e) for _, e in students])
    groups = []
    for count in np.unique(counts):
        members = values[counts == count]
        if len(members) >= SMALLEST:
            error = members.std(ddof=1) / np.sqrt(len(members))
            groups.append(Group(int(count), float(members.mean()), float(error), len(members)))
    return groups

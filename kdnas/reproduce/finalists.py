"""Which students are trained again for the comparison: the picks of the searches, and hand-made."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from kdnas.analysis import pareto_front, picks
from kdnas.analysis.front import evaluated
from kdnas.config import Config
from kdnas.metrics import PARAMETERS
from kdnas.reproduce.searches import PARETO, RANDOM, WEIGHTED
from kdnas.runs import Archive, Row, RunContext, RunFolder, run_context, stored_config
from kdnas.space import LAYERS, Architecture, Node, Op
from kdnas.space.dag import max_edges

BEST = "searched: best fitness"
"""The student that stands for ours where there is room for one."""

_HAND_MADE = {"conv": 3, "sepconv": 5, "attention": 4}
"""Sizes of the hand-made layers; another type has the first of its own."""


@dataclass(frozen=True)
class Run:
    """A search as its readers need it.

    Attributes:
        rows: Its students.
        attack: What guides it, as tables call it.
        context: What is said of it.
        config: What it was started with.
        splits: What its record keeps of each split of the task.
    """

    rows: list[Row]
    attack: str
    context: RunContext
    config: Config
    splits: dict[str, dict[str, Any]]


def read_runs(folder: Path) -> dict[str, Run]:
    """The searches below `folder` that have evaluated a student, by name."""
    found = {}
    for archive_path in sorted(folder.glob("*/archive.sqlite")):
        run = RunFolder(archive_path.parent)
        with Archive.read(archive_path) as archive:
            rows = archive.rows()
            if evaluated(rows):
                context = run_context(run, archive, rows)
                splits = archive.meta("task", {}).get("splits", {})
                attack = next(iter(archive.specs().values())).label
                found[run.path.name] = Run(rows, attack, context, stored_config(archive), splits)
    return found


def finalists(runs: dict[str, Run]) -> dict[str, Architecture]:
    """The students of the comparison by what they are; one may be several.

    The weighted search has three picks, the Pareto search its knee, the random one its best. There
    is a hand-made student of each type of layer, and one of many layers: whether a searched student
    is better by its structure or only larger than the others.
    """
    chosen: dict[str, Architecture] = {}
    if WEIGHTED in runs:
        for name, row in _picks(runs[WEIGHTED]).items():
            chosen[f"searched: {name}"] = row.architecture
    for search, pick, name in (
        (PARETO, "knee", "searched: knee of NSGA-II"),
        (RANDOM, "best fitness", "searched: best of random edits"),
    ):
        found = _picks(runs[search]).get(pick) if search in runs else None
        chosen |= {name: found.architecture} if found else {}
    some = next((run.rows[0].architecture for run in runs.values()), None)
    if some is not None:
        chosen |= {f"hand-made: {kind}": hand_made(some, _op(kind)) for kind in LAYERS}
        most = min(len(some.nodes), max_edges(len(some.nodes)) - 2)
        chosen[f"hand-made: conv, {most} in a row"] = hand_made(some, _op("conv"), most)
    return chosen


def _op(kind: str) -> Op:
    return Op(kind, _HAND_MADE.get(kind) or next(iter(LAYERS[kind].sizes), 0))


def hand_made(like: Architecture, op: Op, layers: int = 1) -> Architecture:
    """Three blocks of one type of layer with a way around, in the sizes of the search.

    Args:
        like: A student of the search, for the number of nodes and the sizes.
        op: The layer.
        layers: How many in a row.
    """
    count, width = len(like.nodes), like.width
    node = Node(op, width, "add", "relu")
    row = (*range(layers + 1), count + 1)
    return Architecture(3, width, frozenset({*pairwise(row), (0, count + 1)}), (node,) * count)


def pareto_set(run: Run) -> list[Row]:
    """The front of a run's own objectives, the smallest student first."""
    front = pareto_front(run.rows, run.context.objectives, run.context.floor)
    return [row for row, _ in sorted(evaluated(front), key=lambda pair: PARAMETERS.value(pair[1]))]


def _picks(run: Run) -> dict[str, Row]:
    context = run.context
    front = pareto_front(run.rows, context.objectives, context.floor)
    return picks(run.rows, front, context.objectives, context.floor, context.weights)

"""Which students are trained again for the comparison: the picks of the searches, and hand-made."""

from dataclasses import dataclass
from pathlib import Path

from kdnas.analysis import RunContext, pareto_front, picks
from kdnas.analysis.front import evaluated
from kdnas.archive import Archive, Row
from kdnas.config import Config
from kdnas.reproduce.searches import PARETO, WEIGHTED
from kdnas.run_folder import RunFolder, run_context, stored_config
from kdnas.space import Architecture, Node, Op

_HAND_MADE = (Op("conv", 3), Op("sepconv", 5), Op("attention", 4), Op("glu"))


@dataclass(frozen=True)
class Run:
    """A search as its readers need it."""

    rows: list[Row]
    context: RunContext
    config: Config


def read_runs(folder: Path) -> dict[str, Run]:
    """The searches below `folder` that have evaluated a student, by name."""
    found = {}
    for archive_path in sorted(folder.glob("*/archive.sqlite")):
        run = RunFolder(archive_path.parent)
        with Archive.read(archive_path) as archive:
            rows = archive.rows()
            if evaluated(rows):
                context = run_context(run, archive, rows)
                found[run.path.name] = Run(rows, context, stored_config(archive))
    return found


def finalists(runs: dict[str, Run]) -> dict[str, Architecture]:
    """The students of the comparison by what they are; one may be several.

    The weighted search has three picks, the Pareto search its knee, and there is a hand-made
    student of each type of layer.
    """
    chosen: dict[str, Architecture] = {}
    if WEIGHTED in runs:
        for name, row in _picks(runs[WEIGHTED]).items():
            chosen[f"searched: {name}"] = row.architecture
    if PARETO in runs:
        knee = _picks(runs[PARETO]).get("knee")
        chosen |= {"searched: knee of NSGA-II": knee.architecture} if knee else {}
    some = next((run.rows[0].architecture for run in runs.values()), None)
    if some is not None:
        chosen |= {f"hand-made: {op.kind}": hand_made(some, op) for op in _HAND_MADE}
    return chosen


def hand_made(like: Architecture, op: Op) -> Architecture:
    """Three blocks of one layer with a way around it, in the sizes of the search.

    Args:
        like: A student of the search, for the number of nodes and the sizes.
        op: The layer.
    """
    count, width = len(like.nodes), like.width
    node = Node(op, width, "add", "relu")
    edges = frozenset({(0, 1), (1, count + 1), (0, count + 1)})
    return Architecture(3, width, edges, (node,) * count)


def pareto_set(run: Run) -> list[Row]:
    """The front of a run's own objectives, the smallest student first."""
    front = pareto_front(run.rows, run.context.objectives, run.context.floor)
    return [row for row, _ in sorted(evaluated(front), key=lambda pair: pair[1].parameters)]


def _picks(run: Run) -> dict[str, Row]:
    context = run.context
    front = pareto_front(run.rows, context.objectives, context.floor)
    return picks(run.rows, front, context.objectives, context.floor, context.weights)

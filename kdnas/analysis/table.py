"""Tables for a terminal: the front of a run, and all of its students."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.front import MARKS, evaluated, feasible, marks, pareto_front, picks
from kdnas.metrics import ACCURACY, PARAMETERS, ROBUSTNESS, WORST_CLASS_ROBUSTNESS, Metric, fitness
from kdnas.records import Evaluation
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from rich.table import Table

KEY_DIGITS = 8
"""Digits of a key that tables show; they tell the students of a run apart."""

LISTED = 100
"""Members of a front that a table lists."""

_SCORES = (ACCURACY, ROBUSTNESS, WORST_CLASS_ROBUSTNESS)
"""The scores that every table has columns for."""


def front_table(rows: Sequence[Row], context: RunContext) -> "Table":
    """The front, the most accurate first, with the values of both splits side by side.

    Of more than `LISTED` members only so many are listed, and the picks, which stand in it even
    where they are not on the front; the letters of `MARKS` tell them. The columns of report-val are
    left out while nothing was measured there. It is 80 characters wide where size is the only
    objective that is no score.
    """
    front = pareto_front(rows, context.objectives, context.floor)
    chosen = picks(rows, front, context.objectives, context.floor, context.weights)
    listed = sorted(evaluated(front), key=_by_accuracy, reverse=True)[:LISTED]
    members = {row.birth: row for row in [*(row for row, _ in listed), *chosen.values()]}
    reported = any(row.report for row in members.values())
    table = _table(context, _front_caption(reported, sum(r.birth not in members for r in front)))
    splits = ("search", "report") if reported else ("search",)
    scores = [f"{score.label}\n{split}" for score in (ACCURACY, ROBUSTNESS) for split in splits]
    others = _others(context)
    for name in ("", "key", *map(_heading, others), "fitness", *scores, "worst\nclass"):
        table.add_column(name, justify="left" if name in ("", "key") else "right", no_wrap=True)
    ordered = sorted(evaluated(list(members.values())), key=_by_accuracy, reverse=True)
    for row, evaluation in ordered:
        measured = [evaluation.search, row.report] if reported else [evaluation.search]
        table.add_row(
            marks(chosen, row),
            row.key[:KEY_DIGITS],
            *(metric.written(evaluation) for metric in others),
            f"{fitness(evaluation, context.weights):.1f}",
            *(ACCURACY.written_of(m) if m else "" for m in measured),
            *(ROBUSTNESS.written_of(m) if m else "" for m in measured),
            "/".join(WORST_CLASS_ROBUSTNESS.written_of(m) for m in measured if m),
        )
    return table


def search_table(rows: Sequence[Row], context: RunContext) -> "Table":
    """Every student in birth order, with the values that the search saw.

    It is as wide as `front_table`.
    """
    members = pareto_front(rows, context.objectives, context.floor)
    chosen = picks(rows, members, context.objectives, context.floor, context.weights)
    front = {row.birth for row in members}
    passing = {row.birth for row in feasible(rows, context.floor)}
    table = _table(context, "points; worst class: its robustness")
    scores = ("fitness", "accuracy", "robust-\nness", "worst\nclass")
    for name in ("birth", "key", *map(_heading, _others(context)), *scores):
        table.add_column(name, justify="left" if name == "key" else "right", no_wrap=True)
    table.add_column("made by")
    table.add_column("note", no_wrap=True)
    for row in rows:
        table.add_row(
            str(row.birth),
            row.key[:KEY_DIGITS],
            *_search_values(row.evaluation, context),
            row.operation,
            _note(row, marks(chosen, row), row.birth in front, row.birth in passing),
        )
    return table


def _table(context: RunContext, caption: str) -> "Table":
    from rich import box
    from rich.table import Table

    return Table(
        title=context.title,
        caption="\n".join(filter(None, [caption, context.caveat])),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=0,
    )


def _front_caption(reported: bool, unlisted: int) -> str:
    picked = ", ".join(f"{letter} {name}" for name, letter in MARKS.items())
    note = "; report-val had no part in the search" if reported else ""
    more = f"\n{unlisted} more members: --json lists them" if unlisted else ""
    return f"{picked}; worst class: its robustness\npoints ± standard error{note}{more}"


def _others(context: RunContext) -> list[Metric]:
    """What stands beside the scores: the size, which fitness counts, and the other objectives."""
    others = [metric for metric in context.objectives if metric not in (*_SCORES, PARAMETERS)]
    return [PARAMETERS, *others]


def _heading(metric: Metric) -> str:
    name = "size" if metric == PARAMETERS else metric.label
    return "\n".join([*name.split(), *metric.unit.header.split()])


def _by_accuracy(student: tuple[Row, Evaluation]) -> tuple[float, float, int]:
    row, evaluation = student
    return evaluation.search.accuracy, evaluation.search.robustness, -row.birth


def _search_values(evaluation: Evaluation | None, context: RunContext) -> list[str]:
    others = _others(context)
    if evaluation is None:
        return [""] * (len(others) + 1 + len(_SCORES))
    value = f"{fitness(evaluation, context.weights):.1f}"
    written = [metric.written(evaluation) for metric in (*others, *_SCORES)]
    return [*written[: len(others)], value, *written[len(others) :]]


def _note(row: Row, letters: str, on_front: bool, is_feasible: bool) -> str:
    if row.evaluation is None:
        return f"failed: {row.failure.kind}" if row.failure else row.status
    if on_front or letters:
        return " ".join(filter(None, ["front" if on_front else "", letters]))
    if row.evaluation.search.degenerate:
        return "degenerate"
    return "" if is_feasible else "below floor"

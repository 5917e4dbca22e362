"""Tables for a terminal: the front of a run, and all of its students."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.front import MARKS, evaluated, feasible, marks, pareto_front, picks
from kdnas.metrics import (
    PARAMETERS,
    SCORE,
    WORST_CLASS_ROBUSTNESS,
    Metric,
    Score,
    fitness,
    score,
    shown_scores,
)
from kdnas.records import Evaluation, Measurement
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from rich.table import Table

KEY_DIGITS = 8
"""Digits of a key that tables show; they tell the students of a run apart."""

_NARROW = 12
"""Characters of a column's name on one line."""

LISTED = 100
"""Members of a front that a table lists."""


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
    unlisted = sum(row.birth not in members for row in front)
    table = _table(context, _front_caption(context, chosen, reported, unlisted))
    splits = ("search", "report") if reported else ("search",)
    shown, others = shown_scores(context.metric), _others(context)
    wide = [each for each in shown if each != WORST_CLASS_ROBUSTNESS]
    scores = [f"{_narrow(each)}\n{split}" for each in wide for split in splits]
    scores += ["worst\nclass"] if WORST_CLASS_ROBUSTNESS in shown else []
    for name in ("", "key", *map(_heading, others), "fitness", *scores):
        table.add_column(name, justify="left" if name in ("", "key") else "right", no_wrap=True)
    ordered = sorted(evaluated(list(members.values())), key=_by_accuracy, reverse=True)
    for row, evaluation in ordered:
        measured = [evaluation.search, row.report] if reported else [evaluation.search]
        table.add_row(
            marks(chosen, row),
            row.key[:KEY_DIGITS],
            *(metric.written(evaluation) for metric in others),
            f"{fitness(evaluation, context.weights):.1f}",
            *(each.written_of(m) if m else "" for each in wide for m in measured),
            *_worst(shown, measured),
        )
    return table


def _worst(shown: Sequence[Score], measured: Sequence[Measurement | None]) -> list[str]:
    """The worst class on both splits in one column, where it is shown."""
    worst = [each for each in shown if each == WORST_CLASS_ROBUSTNESS]
    return ["/".join(each.written_of(m) for m in measured if m) for each in worst]


def _narrow(metric: Metric) -> str:
    """The name of a metric, a line a word where it is long."""
    return metric.label if len(metric.label) <= _NARROW else "\n".join(metric.label.split())


def search_table(rows: Sequence[Row], context: RunContext) -> "Table":
    """Every student in birth order, with the values that the search saw.

    It is as wide as `front_table`.
    """
    members = pareto_front(rows, context.objectives, context.floor)
    chosen = picks(rows, members, context.objectives, context.floor, context.weights)
    front = {row.birth for row in members}
    passing = {row.birth for row in feasible(rows, context.floor)}
    shown = shown_scores(context.metric)
    table = _table(context, f"points{_worst_class(context)}")
    names = [_HEADINGS.get(each.name, _narrow(each)) for each in shown]
    for name in ("birth", "key", *map(_heading, _others(context)), "fitness", *names):
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


def _front_caption(
    context: RunContext, chosen: dict[str, Row], reported: bool, unlisted: int
) -> str:
    picked = ", ".join(f"{letter} {name}" for name, letter in MARKS.items() if name in chosen)
    note = "; report-val had no part in the search" if reported else ""
    more = f"\n{unlisted} more members: --json lists them" if unlisted else ""
    return f"{picked}{_worst_class(context)}\npoints ± standard error{note}{more}"


def _worst_class(context: RunContext) -> str:
    """What the column of the worst class is of, where there is one."""
    is_shown = WORST_CLASS_ROBUSTNESS in shown_scores(context.metric)
    return "; worst class: its robustness" if is_shown else ""


_HEADINGS = {"robustness": "robust-\nness", "worst_class_robustness": "worst\nclass"}
"""Names of narrow columns."""


def _others(context: RunContext) -> list[Metric]:
    """What stands beside the scores: the size, which fitness counts, and the other objectives."""
    shown = (*shown_scores(context.metric), SCORE, PARAMETERS)
    return [PARAMETERS, *(metric for metric in context.objectives if metric not in shown)]


def _heading(metric: Metric) -> str:
    name = "size" if metric == PARAMETERS else metric.label
    return "\n".join([*name.split(), *metric.unit.header.split()])


def _by_accuracy(student: tuple[Row, Evaluation]) -> tuple[float, float, int]:
    row, evaluation = student
    search = evaluation.search
    return score(search), search.robustness if search.attack.texts else 0.0, -row.birth


def _search_values(evaluation: Evaluation | None, context: RunContext) -> list[str]:
    others, shown = _others(context), shown_scores(context.metric)
    if evaluation is None:
        return [""] * (len(others) + 1 + len(shown))
    value = f"{fitness(evaluation, context.weights):.1f}"
    written = [metric.written(evaluation) for metric in (*others, *shown)]
    return [*written[: len(others)], value, *written[len(others) :]]


def _note(row: Row, letters: str, on_front: bool, is_feasible: bool) -> str:
    if row.evaluation is None:
        return f"failed: {row.failure.kind}" if row.failure else row.status
    if on_front or letters:
        return " ".join(filter(None, ["front" if on_front else "", letters]))
    if row.evaluation.search.degenerate:
        return "degenerate"
    return "" if is_feasible else "below floor"

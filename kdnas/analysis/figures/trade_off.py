"""Robustness against accuracy of all searched students (Guo 2021, figure 6b)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdnas.analysis.figures import style
from kdnas.analysis.front import evaluated, feasible, pareto_front
from kdnas.metrics import ACCURACY, ROBUSTNESS, points
from kdnas.records import Evaluation
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS: dict[str, dict[str, Any]] = {
    "feasible": {"marker": "o", "color": style.BLUE, "alpha": 0.5, "linewidths": 0},
    "below the floor": {"marker": "s", "facecolors": "none", "edgecolors": style.GREY},
    "degenerate": {"marker": "x", "color": style.RED},
}


def draw(rows: Sequence[Row], context: RunContext) -> "Figure":
    """Every student on search-val, in percent, and the front of these two objectives.

    Where there are infeasible students, a second panel shows the feasible ones alone. The line
    borders what the front dominates, so it has steps. Bars are one standard error.

    Raises:
        UserError: No student was evaluated.
    """
    style.drawable(rows, context)
    groups = _grouped(rows, context.floor)
    zoomed = len(groups) > 1 and "feasible" in groups
    figure = style.new_figure(context, (style.WIDE if zoomed else style.COLUMN, 2.9))
    panels = figure.subplots(1, 2 if zoomed else 1, squeeze=False)[0]
    _scatter(panels[0], groups)
    panels[0].set_title(context.title, loc="left")
    panels[0].set(xlabel=ACCURACY.axis, ylabel=ROBUSTNESS.axis)
    if context.floor:
        style.reference_line(panels[0], points(context.floor), "accuracy floor", vertical=True)
    if zoomed:
        _scatter(panels[1], {"feasible": groups["feasible"]})
        panels[1].set_xlabel(f"{ACCURACY.axis}, feasible students")
    _front(panels[-1], pareto_front(rows, (ACCURACY, ROBUSTNESS), context.floor))
    if zoomed:
        _outline(panels[0], panels[1])
    shown = [panel.get_legend_handles_labels() for panel in panels]
    handles = {label: h for found in shown for h, label in zip(*found, strict=True)}
    figure.legend(handles.values(), handles, loc="outside upper left", ncols=2 + 2 * zoomed)
    return figure


def _grouped(rows: Sequence[Row], floor: float) -> dict[str, list[Evaluation]]:
    """The evaluated students by what became of them; groups without students are left out."""
    passing = {row.birth for row in feasible(rows, floor)}
    groups: dict[str, list[Evaluation]] = {name: [] for name in _LOOKS}
    for row, evaluation in evaluated(rows):
        if evaluation.search.degenerate:
            groups["degenerate"].append(evaluation)
        else:
            groups["feasible" if row.birth in passing else "below the floor"].append(evaluation)
    return {name: members for name, members in groups.items() if members}


def _scatter(axes: "Axes", groups: dict[str, list[Evaluation]]) -> None:
    for name, members in groups.items():
        x, y = ([score.shown(e) for e in members] for score in (ACCURACY, ROBUSTNESS))
        axes.scatter(x, y, 12, label=name, **{"linewidths": 0.8, **_LOOKS[name]})


def _outline(axes: "Axes", zoomed: "Axes") -> None:
    """A frame around what the second panel shows."""
    (left, right), (low, high) = zoomed.get_xlim(), zoomed.get_ylim()
    bounds = (left, low, right - left, high - low)
    axes.update_datalim([(left, low), (right, high)])
    axes.autoscale_view()
    axes.indicate_inset(bounds, edgecolor=style.GREY, linewidth=0.5)


def _front(axes: "Axes", front: Sequence[Row]) -> None:
    if not front:
        return
    measured = sorted((e.search for _, e in evaluated(front)), key=ACCURACY.of)
    axes.errorbar(
        [ACCURACY.shown_of(m) for m in measured],
        [ROBUSTNESS.shown_of(m) for m in measured],
        xerr=[ACCURACY.shown_error(m) for m in measured],
        yerr=[ROBUSTNESS.shown_error(m) for m in measured],
        fmt="D-", markersize=3.5, color=style.GREEN, ecolor=style.PALE_GREEN, elinewidth=0.8,
        drawstyle="steps", label="front of these two ± standard error",
    )  # fmt: skip

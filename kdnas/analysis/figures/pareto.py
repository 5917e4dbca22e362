"""The front by accuracy, robustness, and size as the area of a bubble, whatever its objectives."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdnas.analysis.figures import style
from kdnas.analysis.front import MARKS, evaluated, marks, pareto_front, picks
from kdnas.metrics import ACCURACY, MILLIONS, PARAMETERS, ROBUSTNESS
from kdnas.records import Measurement
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_AREA = 260.0
"""Area of the largest bubble (square typographic points)."""

_SEARCH: dict[str, Any] = {"color": style.BLUE, "alpha": 0.6, "linewidths": 0}
_REPORT: dict[str, Any] = {
    "facecolors": "none",
    "edgecolors": style.RED,
    "linewidths": 0.8,
}


def draw(rows: Sequence[Row], context: RunContext) -> "Figure":
    """The front and the picks on search-val, joined to their values on report-val.

    Raises:
        UserError: No student was evaluated.
    """
    style.drawable(rows, context)
    front = pareto_front(rows, context.objectives, context.floor)
    chosen = picks(rows, front, context.objectives, context.floor, context.weights)
    members = evaluated(list({row.birth: row for row in [*front, *chosen.values()]}.values()))
    letters = ", ".join(f"{MARKS[name]} {name}" for name in chosen)
    figure, axes = style.new_axes(context, (style.WIDE, 3.3), letters or "no feasible student")
    largest = max((e.parameters for _, e in members), default=0)
    for row, e in sorted(members, key=lambda member: PARAMETERS.gain(member[1])):
        area = LARGEST_AREA * e.parameters / largest
        axes.scatter(*_place(e.search), area, **_SEARCH)
        if row.report:
            axes.scatter(*_place(row.report), area, **_REPORT)
            _join(axes, e.search, row.report, radius=math.sqrt(area) / 2)
        _errors(axes, row.report or e.search)
        _letters(axes, e.search, marks(chosen, row), radius=math.sqrt(area) / 2)
    axes.set(xlabel=ACCURACY.axis, ylabel=ROBUSTNESS.axis)
    axes.margins(0.1)  # room for the bubbles
    if not members:
        axes.set(xlim=(0, 100), ylim=(0, 100))
    else:
        _legend(figure, axes, MILLIONS.convert(largest), any(row.report for row, _ in members))
    return figure


def _place(measurement: Measurement) -> tuple[float, float]:
    return ACCURACY.shown_of(measurement), ROBUSTNESS.shown_of(measurement)


def _errors(axes: "Axes", measurement: Measurement) -> None:
    """Standard errors of both shares, behind the bubbles."""
    x, y = _place(measurement)
    errors = [score.shown_error(measurement) for score in (ACCURACY, ROBUSTNESS)]
    axes.errorbar(
        x, y, errors[1], errors[0], fmt="none", ecolor=style.PALE_GREY, elinewidth=0.8, zorder=0
    )


def _join(axes: "Axes", search: Measurement, report: Measurement, *, radius: float) -> None:
    """A thin line between the two bubbles of a student."""
    line = {"arrowstyle": "-", "linewidth": 0.5, "color": style.GREY, "shrinkA": radius}
    axes.annotate("", _place(report), _place(search), arrowprops=line | {"shrinkB": radius})


def _letters(axes: "Axes", search: Measurement, letters: str, *, radius: float) -> None:
    """The letters of the picks, above and to the right of the bubble."""
    from matplotlib.patheffects import withStroke

    if letters:
        axes.annotate(
            letters, _place(search), (0.7 * radius, 0.7 * radius), textcoords="offset points",
            weight="bold", path_effects=[withStroke(linewidth=1.8, foreground="white")],
        )  # fmt: skip


def _legend(figure: "Figure", axes: "Axes", largest: float, reported: bool) -> None:
    """Splits and three sizes (millions of parameters), beside the axes."""
    axes.scatter([], [], 30, label="search-val", **_SEARCH)
    if reported:
        axes.scatter([], [], 30, label="report-val", **_REPORT)
    for millions in legend_sizes(largest):
        area = LARGEST_AREA * millions / largest
        look = _SEARCH | {"color": style.GREY}
        axes.scatter([], [], area, label=f"{millions:g} M parameters", **look)
    figure.legend(loc="outside right upper", labelspacing=1.2, handletextpad=1.0)


def legend_sizes(largest: float) -> list[float]:
    """About a quarter, a half and the whole of `largest`, each with one digit that counts.

    >>> legend_sizes(37.2)
    [9.0, 20.0, 40.0]
    """
    return sorted({float(f"{largest * share:.1g}") for share in (0.25, 0.5, 1.0)})

"""Robustness against accuracy: adversarial training beside the search (figures 6a and 6b)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.figures import style
from kdnas.analysis.front import evaluated, feasible, pareto_front
from kdnas.analysis.paper.scores import Scores
from kdnas.metrics import ACCURACY, ROBUSTNESS, fitness
from kdnas.records import Evaluation
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TOP_SHARE = 0.1
FEWEST = 5
"""Students shown at least, where there are so many."""

Limits = tuple[tuple[float, float], tuple[float, float]]
"""The limits of both axes."""


def similar(rows: Sequence[Row], context: RunContext) -> list[Evaluation]:
    """The tenth of the feasible students with the largest fitness."""
    found = [e for _, e in evaluated(feasible(rows, context.floor))]
    count = max(FEWEST, round(TOP_SHARE * len(found)))
    return sorted(found, key=lambda e: -fitness(e, context.weights))[:count]


def common_limits(
    trained: Mapping[float, Scores], rows: Sequence[Row], context: RunContext
) -> Limits:
    """Limits of the axes that hold what both figures show (points)."""
    shown = [*similar(rows, context), *(e for _, e in evaluated(_front(rows, context)))]
    x, y = ([score.shown(e) for e in shown] for score in (ACCURACY, ROBUSTNESS))
    for scores in trained.values():
        for values, found in ((x, scores.accuracy), (y, scores.robustness)):
            reach = found.error or 0.0  # the bars are seen whole
            values += [found.value - reach, found.value + reach]
    pads = [max(0.04 * (max(v) - min(v)), 1.0) for v in (x, y)]
    return (min(x) - pads[0], max(x) + pads[0]), (min(y) - pads[1], max(y) + pads[1])


def draw_trained(trained: Mapping[float, Scores], limits: Limits, context: RunContext) -> "Figure":
    """Figure 6a: one student after adversarial training of several strengths, on report-val.

    Args:
        trained: By the share of the training texts that were attacked; 0 is no such training.
        limits: Of the axes.
        context: What is said above and below.
    """
    notes = (
        "share of the training texts attacked (adversarial texts)",
        "first training of each; bars: standard errors over texts",
    )
    figure, axes = style.new_axes(context, (style.COLUMN, 2.9), *notes)
    points = [(s, trained[s].accuracy, trained[s].robustness) for s in sorted(trained)]
    axes.errorbar(
        [x.value for _, x, _ in points], [y.value for *_, y in points],
        [y.error or 0 for *_, y in points], [x.error or 0 for _, x, _ in points],
        fmt="o-", color=style.BLUE, ecolor=style.PALE_GREY,
    )  # fmt: skip
    axes.set(xlabel=ACCURACY.axis, ylabel=ROBUSTNESS.axis)
    axes.set(xlim=limits[0], ylim=limits[1])
    told = [f"{s:g} ({sum(trained[s].examples)})" if s else "none" for s, *_ in points]
    named = [(t, x.value, y.value, style.BLUE) for t, (_, x, y) in zip(told, points, strict=True)]
    style.name_points(axes, named)
    return figure


def draw_searched(rows: Sequence[Row], limits: Limits, context: RunContext) -> "Figure":
    """Figure 6b: the searched students of similar fitness on search-val, and the front."""
    shown = similar(rows, context)
    figure, axes = style.new_axes(context, (style.COLUMN, 2.9), "on search-val")
    x, y = ([score.shown(e) for e in shown] for score in (ACCURACY, ROBUSTNESS))
    axes.scatter(
        x, y, 14, color=style.RED, alpha=0.6, linewidths=0,
        label=f"the {len(shown)} students of the largest fitness",
    )  # fmt: skip
    front = sorted(
        (ACCURACY.shown(e), ROBUSTNESS.shown(e)) for _, e in evaluated(_front(rows, context))
    )
    axes.plot(
        [x for x, _ in front], [y for _, y in front], "D-", color=style.GREEN, markersize=3.5,
        drawstyle="steps", label="front of accuracy and robustness", zorder=0,
    )  # fmt: skip
    axes.set(xlabel=ACCURACY.axis, ylabel=ROBUSTNESS.axis)
    axes.set(xlim=limits[0], ylim=limits[1])
    figure.legend(loc="outside upper left")
    return figure


def _front(rows: Sequence[Row], context: RunContext) -> list[Row]:
    return pareto_front(rows, (ACCURACY, ROBUSTNESS), context.floor)

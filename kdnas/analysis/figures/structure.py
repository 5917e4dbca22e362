"""Accuracy and robustness by what a block is made of (figures 7, 8 and 9)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.figures import style
from kdnas.analysis.paper.correlation import correlations
from kdnas.analysis.paper.groups import PAPER_LAYERS, grouped
from kdnas.metrics import ACCURACY, ROBUSTNESS, Metric
from kdnas.runs import Row, RunContext
from kdnas.space import LAYERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = {
    "vertices": "connected nodes",
    "edges": "edges",
    **{kind: layer.label for kind, layer in LAYERS.items()},
}
RHO = "\N{GREEK SMALL LETTER RHO}"
_COLOURS = (style.BLUE, style.RED)


def draw_graph(archives: Mapping[str, Sequence[Row]], context: RunContext) -> "Figure":
    """Figure 7: both metrics by nodes and by edges, one colour for each archive."""
    return _draw(archives, (ACCURACY, ROBUSTNESS), ("vertices", "edges"), context)


def draw_layers(
    archives: Mapping[str, Sequence[Row]], metric: Metric, context: RunContext
) -> "Figure":
    """Figures 8 (accuracy) and 9 (robustness): a metric by the number of layers of each type."""
    return _draw(archives, (metric,), PAPER_LAYERS, context)


def _draw(
    archives: Mapping[str, Sequence[Row]],
    metrics: Sequence[Metric],
    traits: Sequence[str],
    context: RunContext,
) -> "Figure":
    note = (
        "mean of all evaluated students ± standard error, where they are 5 or more (numbers)\n"
        f"{RHO}: Spearman's correlation and its 95 % bootstrap interval"
    )
    size = (style.WIDE if len(traits) == 2 else 2 * style.COLUMN, 0.6 + 2.1 * len(metrics))
    figure = style.new_figure(context, size, note)
    panels = figure.subplots(len(metrics), len(traits), squeeze=False, sharey="row")
    for row, metric in zip(panels, metrics, strict=True):
        for axes, trait in zip(row, traits, strict=True):
            for place, rows in enumerate(archives.values()):
                _groups(axes, rows, trait, metric, place)
                _correlation(axes, rows, trait, metric, place)
            axes.set_xlabel(NAMES[trait])
            left, right = axes.get_xlim()
            axes.set_xlim(round(left) - 0.4, round(right) + 0.4)  # also where there is one count
            style.count_students(axes)
        row[0].set_ylabel(metric.axis)
        low, high = row[0].get_ylim()
        row[0].set_ylim(low - 0.2 * (high - low), high)  # room for the numbers, also of its row
    handles = [
        panels[0][0].plot([], [], "o-", color=colour, markersize=3)[0]
        for colour, _ in zip(_COLOURS, archives, strict=False)
    ]
    figure.legend(handles, list(archives), loc="outside upper left", ncols=2)
    return figure


def _groups(axes: "Axes", rows: Sequence[Row], trait: str, metric: Metric, place: int) -> None:
    """Means over the students of one archive, beside those of the other; counts at the foot."""
    groups, colour, beside = grouped(rows, trait, metric), _COLOURS[place], 0.06 * (2 * place - 1)
    axes.errorbar(
        [g.count + beside for g in groups], [g.mean for g in groups], [g.error for g in groups],
        fmt="o-", markersize=3, color=colour, elinewidth=0.8,
    )  # fmt: skip
    for g in groups:
        axes.annotate(
            str(g.students), (g.count, 0), (0, 9 - 7 * place), xycoords=axes.get_xaxis_transform(),
            textcoords="offset points", ha="center", fontsize=6, color=colour,
        )  # fmt: skip


def _correlation(axes: "Axes", rows: Sequence[Row], trait: str, metric: Metric, place: int) -> None:
    """The rank correlation with its interval above the panel; nothing where there is none."""
    found = correlations(rows, trait, metric)
    if found is None:
        return
    rank = found["Spearman"]
    axes.annotate(
        f"{RHO} {rank.value:.2f} [{rank.low:.2f}, {rank.high:.2f}]", (0, 1), (0, 12 - 8 * place),
        xycoords="axes fraction", textcoords="offset points", fontsize=6, color=_COLOURS[place],
    )  # fmt: skip

"""Accuracy and robustness by what a block is made of (figures 7, 8 and 9)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.context import RunContext
from kdnas.analysis.figures import style
from kdnas.analysis.paper.groups import correlations, grouped
from kdnas.archive import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = {
    "vertices": "connected nodes",
    "edges": "edges",
    "conv": "convolutions",
    "sepconv": "separable convolutions",
    "glu": "gated linear layers",
    "attention": "attention layers",
    "accuracy": "accuracy (%)",
    "robustness": "accuracy under attack (%)",
}
LAYERS = ("conv", "sepconv", "glu", "attention")
_COLOURS = (style.BLUE, style.RED)


def draw_graph(archives: Mapping[str, Sequence[Row]], context: RunContext) -> "Figure":
    """Figure 7: both metrics by nodes and by edges, one colour for each archive."""
    return _draw(archives, ("accuracy", "robustness"), ("vertices", "edges"), context)


def draw_layers(
    archives: Mapping[str, Sequence[Row]], metric: str, context: RunContext
) -> "Figure":
    """Figures 8 (accuracy) and 9 (robustness): a metric by the number of layers of each type."""
    return _draw(archives, (metric,), LAYERS, context)


def _draw(
    archives: Mapping[str, Sequence[Row]],
    metrics: Sequence[str],
    traits: Sequence[str],
    context: RunContext,
) -> "Figure":
    note = "mean of all evaluated students ± standard error, their number above"
    size = (style.WIDE if len(traits) == 2 else 2 * style.COLUMN, 0.6 + 2.1 * len(metrics))
    figure = style.new_figure(context, size, note)
    panels = figure.subplots(len(metrics), len(traits), squeeze=False, sharey="row")
    for row, metric in zip(panels, metrics, strict=True):
        for axes, trait in zip(row, traits, strict=True):
            for colour, rows in zip(_COLOURS, archives.values(), strict=False):
                _groups(axes, rows, trait, metric, colour)
            told = [_told(name, rows, trait, metric) for name, rows in archives.items()]
            axes.set_title("\n".join(filter(None, told)), loc="left", fontsize=6)
            axes.set_xlabel(NAMES[trait])
            style.count_students(axes)
        row[0].set_ylabel(NAMES[metric])
    handles = [
        panels[0][0].plot([], [], "o-", color=colour, markersize=3)[0]
        for colour, _ in zip(_COLOURS, archives, strict=False)
    ]
    figure.legend(handles, list(archives), loc="outside upper left", ncols=2)
    return figure


def _groups(axes: "Axes", rows: Sequence[Row], trait: str, metric: str, colour: str) -> None:
    groups = grouped(rows, trait, metric)
    axes.errorbar(
        [g.count for g in groups], [g.mean for g in groups], [g.error for g in groups],
        fmt="o-", markersize=3, color=colour, elinewidth=0.8,
    )  # fmt: skip
    for g in groups:
        axes.annotate(
            str(g.students), (g.count, g.mean + g.error), (0, 2), textcoords="offset points",
            ha="center", fontsize=6, color=colour,
        )  # fmt: skip


def _told(name: str, rows: Sequence[Row], trait: str, metric: str) -> str:
    """The rank correlation with its interval; "" where there is none."""
    found = correlations(rows, trait, metric)
    if found is None:
        return ""
    rank = found["Spearman"]
    return f"{name}: Spearman {rank.value:.2f} [{rank.low:.2f}, {rank.high:.2f}]"

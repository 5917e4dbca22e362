"""Models side by side: accuracy, robustness, and size as the area of a bubble (figure 1)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.context import RunContext
from kdnas.analysis.figures import style
from kdnas.analysis.paper.scores import Scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LARGEST_AREA = 600.0
"""Area of the largest bubble (square typographic points)."""

LINE_HEIGHT = 0.07
"""Of a name (share of the axes' height)."""


def draw(models: Mapping[str, Scores], searched: Mapping[str, Scores], c: RunContext) -> "Figure":
    """One bubble for each model, named at the right; ours in another colour.

    Args:
        models: The models that ours are compared with, by what they are called.
        searched: Ours.
        c: Names the run and its caveat.
    """
    figure, axes = style.new_axes(c, (style.WIDE, 3.2), "area: parameters; bars: standard errors")
    everyone = [(*pair, style.BLUE) for pair in models.items()]
    everyone += [(*pair, style.RED) for pair in searched.items()]
    largest = max(scores.parameters for _, scores, _ in everyone)
    for _, scores, colour in sorted(everyone, key=lambda each: -each[1].parameters):
        x, y = scores.accuracy, scores.robustness
        area = LARGEST_AREA * scores.parameters / largest
        axes.scatter(x.value, y.value, area, color=colour, alpha=0.6, linewidths=0)
        axes.errorbar(
            x.value, y.value, y.error, x.error, fmt="none", ecolor=style.PALE_GREY, zorder=0
        )
    axes.set(xlabel="accuracy (%)", ylabel="accuracy under attack (%)")
    axes.margins(x=0.15, y=0.15)  # room for the bubbles
    _name(axes, everyone)
    return figure


def _name(axes: "Axes", models: Sequence[tuple[str, Scores, str]]) -> None:
    """Names in a column at the right, from high to low, each with a line to its bubble."""
    low, high = axes.get_ylim()
    falling = sorted(models, key=lambda each: -each[1].robustness.value)
    room = 1.0
    for below, (name, scores, colour) in zip(reversed(range(len(falling))), falling, strict=True):
        y = scores.robustness.value
        height = min(max((y - low) / (high - low), LINE_HEIGHT * below), room)
        room = height - LINE_HEIGHT
        axes.annotate(
            name, (scores.accuracy.value, y), (1.02, height), textcoords="axes fraction",
            va="center", color=colour, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.4, "shrinkB": 0},
        )  # fmt: skip

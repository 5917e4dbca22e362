"""Models side by side: accuracy, robustness, and size as the area of a bubble (figure 1)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kdnas.analysis.context import RunContext
from kdnas.analysis.figures import style
from kdnas.analysis.paper.scores import Scores

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_AREA = 600.0
"""Area of the largest bubble (square typographic points)."""


def draw(
    models: Mapping[str, Scores], searched: Mapping[str, Scores], context: RunContext
) -> "Figure":
    """One bubble for each model, named at the right; ours in another colour.

    Args:
        models: The models that ours are compared with, by what they are called.
        searched: Ours.
        context: What is said above and below.
    """
    note = "area: parameters; bars: standard errors"
    figure, axes = style.new_axes(context, (style.WIDE, 3.2), note)
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
    points = [(name, s.accuracy.value, s.robustness.value, c) for name, s, c in everyone]
    style.name_points(axes, points)
    return figure

"""Models side by side: accuracy, robustness, and size as the area of a bubble (figure 1)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kdnas.analysis.figures import style
from kdnas.analysis.paper.scores import Scores
from kdnas.metrics import ACCURACY, MILLIONS, ROBUSTNESS
from kdnas.runs import RunContext

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LARGEST_AREA = 600.0
"""Area of the largest bubble (square typographic points)."""


_COLOURS = (style.BLUE, style.RED, style.GREEN)


def draw(kinds: Mapping[str, Mapping[str, Scores]], context: RunContext) -> "Figure":
    """One bubble for each model, named at the right; a colour for each kind.

    Args:
        kinds: The models of up to three kinds, by what they are called.
        context: What is said above and below.
    """
    everyone = [
        (name, scores, colour)
        for models, colour in zip(kinds.values(), _COLOURS, strict=False)
        for name, scores in models.items()
    ]
    largest = max(scores.parameters for _, scores, _ in everyone)
    note = f"area: parameters, at most {MILLIONS.convert(largest):.1f} M; bars: standard errors"
    figure, axes = style.new_axes(context, (style.WIDE, 4.0), note)
    for _, scores, colour in sorted(everyone, key=lambda each: -each[1].parameters):
        x, y = scores.accuracy, scores.robustness
        area = LARGEST_AREA * scores.parameters / largest
        axes.scatter(x.value, y.value, area, color=colour, alpha=0.6, linewidths=0)
        axes.errorbar(
            x.value, y.value, y.error, x.error, fmt="none", ecolor=style.PALE_GREY, zorder=0
        )
    axes.set(xlabel=ACCURACY.axis, ylabel=ROBUSTNESS.axis)
    axes.margins(x=0.15, y=0.15)  # room for the bubbles
    points = [(name, s.accuracy.value, s.robustness.value, c) for name, s, c in everyone]
    style.name_points(axes, points)
    handles = [
        axes.plot([], [], "o", color=colour, markersize=4)[0]
        for colour, _ in zip(_COLOURS, kinds, strict=False)
    ]
    figure.legend(handles, list(kinds), loc="outside upper left", ncols=3)
    return figure

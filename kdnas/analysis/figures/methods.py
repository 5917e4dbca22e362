"""Ways of teaching side by side: score against robustness, a panel for each student."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdnas.analysis.figures import style
from kdnas.analysis.paper.scores import Estimate
from kdnas.metrics import ROBUSTNESS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL = 3.4, 2.6
"""Width and height of a panel (inches)."""

LINE = 0.16
"""Height that the name of a method takes (inches)."""


@dataclass(frozen=True)
class Point:
    """A student that a method has taught; both scores in points."""

    method: str
    score: Estimate
    robustness: Estimate


def draw(
    panels: Mapping[str, Sequence[Point]], score: str, attack: str, notes: Sequence[str] = ()
) -> "Figure":
    """A panel for each student under the other; methods are named at the right.

    Args:
        panels: The methods of each student, by its name.
        score: What the axis of the task's score is called.
        attack: What the attack is called.
        notes: What is said at the foot.
    """
    from matplotlib.figure import Figure

    width, height = PANEL
    height = max(height, LINE * max(map(len, panels.values())))
    figure = Figure(figsize=(width + 1.6, height * len(panels) + 0.4), layout="constrained")
    rows = figure.subplots(len(panels), 1, squeeze=False, sharex=True, sharey=True)
    for axes, (student, points) in zip(rows[:, 0], panels.items(), strict=True):
        _panel(axes, points)
        axes.set_title(student, loc="left")
        axes.set_ylabel(ROBUSTNESS.axis)
    rows[-1, 0].set_xlabel(score)
    for axes, points in zip(rows[:, 0], panels.values(), strict=True):
        style.name_points(
            axes,
            [(p.method, p.score.value, p.robustness.value, _COLOURS[i % len(_COLOURS)])
             for i, p in enumerate(points)],
        )  # fmt: skip
    foot = [f"bars: standard errors; attacked by {attack}", *notes]
    figure.supxlabel("\n".join(foot), x=0.01, ha="left", fontsize=7, color=style.GREY)
    return figure


_COLOURS = (style.BLUE, style.RED, style.GREEN)
"""Neighbours in the list of names differ."""


def _panel(axes: "Axes", points: Sequence[Point]) -> None:
    for i, point in enumerate(points):
        axes.errorbar(
            point.score.value, point.robustness.value,
            point.robustness.error, point.score.error,
            fmt="o", markersize=3.5, color=_COLOURS[i % len(_COLOURS)],
            ecolor=style.PALE_GREY, elinewidth=0.8,
        )  # fmt: skip

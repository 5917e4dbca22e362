"""What all figures share: sizes, colours, and axes that carry the run's name and caveat."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdnas.analysis.front import evaluated
from kdnas.errors import UserError
from kdnas.records import Evaluation
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMN, WIDE = 3.4, 5.0
"""Widths of one and of one and a half columns of a paper (inches)."""

BLUE, RED, GREEN = "#0072B2", "#D55E00", "#009E73"
PALE_GREEN, GREY, PALE_GREY = "#8FD3BF", "#666666", "#CCCCCC"
"""Colours that colour-blind readers can tell apart (Okabe and Ito 2008)."""

LINE_HEIGHT = 0.07
"""The height of a name beside a figure (share of the axes' height)."""

STYLE: dict[Any, Any] = {
    "font.size": 7.5,
    "axes.labelsize": 7.5,
    "axes.titlesize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "text.parse_math": False,  # a run's name may have dollar signs
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
    "legend.columnspacing": 1.2,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # text stays text: journals refuse the default, bitmaps of glyphs
}
"""Settings that `draw_figures` draws and saves with."""


def drawable(rows: Sequence[Row], context: RunContext) -> list[tuple[Row, Evaluation]]:
    """The evaluated students, at least one.

    Raises:
        UserError: There is none.
    """
    found = evaluated(rows)
    if not found:
        raise UserError(f"nothing to draw yet: no student of {context.title} was evaluated")
    return found


def new_figure(context: RunContext, size: tuple[float, float], *notes: str) -> "Figure":
    """An empty figure of `size` inches with notes and the run's caveat at its foot."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    lines = [line for line in (*notes, context.caveat) if line]
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7, color=GREY)
    return figure


def new_axes(
    context: RunContext, size: tuple[float, float], *notes: str
) -> tuple["Figure", "Axes"]:
    """A `new_figure` with one pair of axes under the run's name."""
    figure = new_figure(context, size, *notes)
    axes = figure.add_subplot()
    axes.set_title(context.title, loc="left")
    return figure, axes


def reference_line(axes: "Axes", value: float, name: str, *, vertical: bool = False) -> None:
    """A thin dotted line at `value`, named beside it."""
    from matplotlib.patheffects import withStroke

    line: dict[str, Any] = {"color": GREY, "linewidth": 0.8, "linestyle": ":", "zorder": 0}
    text: dict[str, Any] = {
        "textcoords": "offset points",
        "fontsize": 7,
        "color": GREY,
        "path_effects": [withStroke(linewidth=1.5, foreground="white")],
    }
    if vertical:
        axes.axvline(value, **line)
        along = axes.get_xaxis_transform()
        axes.annotate(name, (value, 1), (2, -2), xycoords=along, rotation=90, va="top", **text)
    else:
        axes.axhline(value, **line)
        along = axes.get_yaxis_transform()
        axes.annotate(name, (1, value), (3, 0), xycoords=along, va="center", **text)


def count_students(axes: "Axes") -> None:
    """Whole numbers below the axes."""
    from matplotlib.ticker import MaxNLocator

    whole = MaxNLocator("auto", integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
    axes.xaxis.set_major_locator(whole)


def name_points(axes: "Axes", points: Sequence[tuple[str, float, float, str]]) -> None:
    """Names in a column at the right, from high to low, each with a line to its point.

    Args:
        axes: With the limits that they are going to have.
        points: Name, x, y and colour of each.
    """
    low, high = axes.get_ylim()
    falling = sorted(points, key=lambda point: -point[2])
    line = min(LINE_HEIGHT, 1 / max(len(points), 1))
    room = 1.0
    for below, (name, x, y, colour) in zip(reversed(range(len(falling))), falling, strict=True):
        height = min(max((y - low) / (high - low), line * below), room)
        room = height - line
        axes.annotate(
            name, (x, y), (1.02, height), textcoords="axes fraction",
            va="center", color=colour, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.4, "shrinkB": 0},
        )  # fmt: skip

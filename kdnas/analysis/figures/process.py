"""The search as it went on: accuracy and robustness of every student (Guo 2021, figure 5)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kdnas.analysis.figures import style
from kdnas.analysis.front import feasible
from kdnas.metrics import ACCURACY, ROBUSTNESS, points
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TOP_SHARE = 0.1
_LOOKS = {ACCURACY: (style.BLUE, "o"), ROBUSTNESS: (style.RED, "^")}


def draw(rows: Sequence[Row], context: RunContext) -> "Figure":
    """Both scores over the birth index, in percent.

    The lines are over feasible students only, since degenerate ones are robust for nothing: the
    mean over the last few (the rows do not tell who was alive) and the mean over the most robust
    tenth so far.

    Raises:
        UserError: No student was evaluated.
    """
    students = style.drawable(rows, context)
    figure, axes = style.new_axes(context, (style.COLUMN, 3.0))
    passing = {row.birth for row in feasible(rows, context.floor)}
    births = np.array([row.birth for row, _ in students])
    ok = np.array([row.birth in passing for row, _ in students])
    scores = [np.array([score.shown(e) for _, e in students]) for score in _LOOKS]
    handles = _scatter(axes, births, scores, ok)
    handles |= _trends(axes, births[ok], [values[ok] for values in scores])
    _lines(axes, context)
    style.count_students(axes)
    axes.set(xlabel="student (birth index)", ylabel=ACCURACY.axis)
    _legend(figure, handles)
    return figure


def window(students: int) -> int:
    """Over how many students the running mean is taken: a tenth of them, 10 to 100."""
    return min(100, max(10, students // 10))


def running_mean(values: np.ndarray, length: int) -> np.ndarray:
    """The mean of each value and those before it, `length` in all where there are so many.

    >>> running_mean(np.array([1.0, 2.0, 6.0]), 2).tolist()
    [1.0, 1.5, 4.0]
    """
    return np.array([values[max(0, i - length) : i].mean() for i in range(1, len(values) + 1)])


def top_mean(values: np.ndarray) -> np.ndarray:
    """The mean over the largest tenth so far (at least one), after each value.

    >>> top_mean(np.array([1.0, 3.0, 2.0])).tolist()
    [1.0, 3.0, 3.0]
    """
    counts = [max(1, round(TOP_SHARE * i)) for i in range(1, len(values) + 1)]
    return np.array([np.sort(values[:i])[-n:].mean() for i, n in enumerate(counts, start=1)])


def _scatter(
    axes: "Axes", births: np.ndarray, scores: list[np.ndarray], ok: np.ndarray
) -> dict[str, Any]:
    """Feasible students filled, the others hollow; the legend's handles."""
    handles: dict[str, Any] = {}
    hollow = []
    for (score, (colour, marker)), values in zip(_LOOKS.items(), scores, strict=True):
        handles[score.long] = axes.scatter(
            births[ok], values[ok], 10, color=colour, alpha=0.45, linewidths=0, marker=marker
        )
        hollow += [
            axes.scatter(
                births[~ok], values[~ok], 10, facecolors="none", edgecolors=colour,
                linewidths=0.6, marker=marker,
            )
        ]  # fmt: skip
    return handles | ({} if ok.all() else {"infeasible": tuple(hollow)})


def _trends(axes: "Axes", births: np.ndarray, scores: list[np.ndarray]) -> dict[str, Any]:
    """The running means and the upper trend of the robustness; the legend's handles."""
    if not len(births):
        return {}
    length = window(len(births))
    means = [
        axes.plot(births, running_mean(values, length), color=colour)[0]
        for values, (colour, _) in zip(scores, _LOOKS.values(), strict=True)
    ]
    (top,) = axes.plot(births, top_mean(scores[1]), color=style.RED, linestyle=(0, (3, 1)))
    return {
        f"mean of the last {length}": tuple(means),
        f"mean of the {TOP_SHARE:.0%} most robust": top,
    }


def _lines(axes: "Axes", context: RunContext) -> None:
    style.reference_line(axes, points(context.majority_share), "majority class")
    if context.floor:
        style.reference_line(axes, points(context.floor), "accuracy floor")
    if context.teacher_accuracy is not None:
        style.reference_line(axes, points(context.teacher_accuracy), "teacher")


def _legend(figure: "Figure", handles: dict[str, Any]) -> None:
    from matplotlib.legend_handler import HandlerTuple

    figure.legend(
        list(handles.values()), list(handles), loc="outside upper left", ncols=2,
        handler_map={tuple: HandlerTuple(ndivide=None)},
    )  # fmt: skip

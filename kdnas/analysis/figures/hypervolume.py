"""The hypervolume of the front over the search."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kdnas.analysis.figures import style
from kdnas.analysis.indicator import hypervolume_history, reference_point
from kdnas.metrics import Metric
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(rows: Sequence[Row], context: RunContext) -> "Figure":
    """The hypervolume after each finished student; the note below states the reference.

    Raises:
        UserError: No student was evaluated.
    """
    style.drawable(rows, context)
    note = f"reference: {_reference(context)}"
    figure, axes = style.new_axes(context, (style.COLUMN, 2.4), note)
    history = hypervolume_history(rows, context.objectives, context.floor, context.limits)
    axes.step(range(len(history) + 1), [0.0, *history], where="post", color=style.BLUE)
    style.count_students(axes)
    axes.set(xlabel="students evaluated", ylabel="hypervolume (share of the ideal)", ylim=(0, None))
    return figure


def _reference(context: RunContext) -> str:
    def described(metric: Metric, value: float) -> str:
        if not value or metric.unit.most:  # an end of its scale
            return f"{metric.label} {value:g}"
        return f"{metric.label} {metric.unit.write(value)} {metric.unit.header}".rstrip()

    values = reference_point((), context.objectives, context.limits)
    return ", ".join(map(described, context.objectives, values))

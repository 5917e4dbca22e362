"""Several searches side by side: best fitness and hypervolume over the students evaluated."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kdnas.analysis.figures import style
from kdnas.analysis.indicator import hypervolume_history
from kdnas.metrics import fitness, violation
from kdnas.runs import Row, RunContext

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = ((style.RED, 2.8), (style.BLUE, 2.0), (style.GREEN, 1.2), (style.GREY, 0.6))
"""Colour and width of each line; thin ones are drawn over thick ones, so that both are seen."""


def best_fitness(rows: Sequence[Row], context: RunContext) -> list[float]:
    """The best fitness of a feasible student after each finished one; NaN before the first."""
    values = [
        fitness(row.evaluation, context.weights)
        if row.evaluation and violation(row.evaluation, context.floor) <= 0
        else float("nan")
        for row in rows
        if row.status != "pending"
    ]
    return [float(v) for v in np.fmax.accumulate(values)] if values else []


def draw(runs: Mapping[str, Sequence[Row]], context: RunContext) -> "Figure":
    """Both over the students evaluated; one seed each, so an observation."""
    figure = style.new_figure(context, (style.WIDE, 2.6), "one seed each: an observation")
    left, right = figure.subplots(1, 2)
    for (name, rows), (colour, width) in zip(runs.items(), _LOOKS, strict=False):
        look = {"where": "post", "color": colour, "linewidth": width}
        best = best_fitness(rows, context)
        left.step(range(1, len(best) + 1), best, label=name, **look)
        volumes = hypervolume_history(rows, context.objectives, context.floor, context.limits)
        right.step(range(1, len(volumes) + 1), volumes, **look)
    for axes in (left, right):
        style.count_students(axes)
        axes.set_xlabel("students evaluated")
    left.set_ylabel("best fitness (points)")
    right.set_ylabel("hypervolume (share)")
    figure.legend(loc="outside upper left", ncols=4)
    return figure

"""The hypervolume of a run's front: how much of what is possible it dominates."""

from collections.abc import Mapping, Sequence

import numpy as np

from kdnas.analysis.front import feasible, gains, pareto_front
from kdnas.metrics import Metric
from kdnas.runs import Row
from kdnas.runs.context import largest_seen

Limits = Mapping[str, float]
"""The end of the scale of each metric that has none of its own, by the metric's name."""


def reference_point(
    rows: Sequence[Row], objectives: Sequence[Metric], limits: Limits | None = None
) -> tuple[float, ...]:
    """The worst corner that hypervolumes are measured from, in natural units.

    It is 0 where more is better. Where less is better it is the end of the metric's own scale (1
    for a share), else its limit. Hypervolumes of two runs may be compared only if both were given
    the same `limits`, for instance the parameter limit of the configuration or the teacher's
    parameters. Without them, 1.1 times the largest value seen is taken, which serves one finished
    run (the largest student then still counts a little).
    """
    return tuple(0.0 if m.maximise else end for m, end in _ends(rows, objectives, limits))


def hypervolume(
    rows: Sequence[Row],
    objectives: Sequence[Metric],
    floor: float,
    limits: Limits | None = None,
) -> float:
    """Share of the box between `reference_point` and the ideal that the front dominates.

    The ideal is the end of the scale where more is better and 0 where less is, so that a volume of
    1 is out of reach. Students beyond the reference add nothing; 0 where no student is feasible.
    """
    import moocore

    front = pareto_front(rows, objectives, floor)
    shares = _scaled(front, _ends(rows, objectives, limits))
    return moocore.hypervolume(shares, ref=0, maximise=True)


def hypervolume_history(
    rows: Sequence[Row],
    objectives: Sequence[Metric],
    floor: float,
    limits: Limits | None = None,
) -> list[float]:
    """The hypervolume after each finished student, in birth order; it never falls.

    A failed or infeasible student leaves it as it is; pending ones are left out. The reference is
    the same for all values.
    """
    import moocore

    ends = _ends(rows, objectives, limits)
    front, volumes = np.empty((0, len(objectives))), [0.0]
    for row in rows:
        if row.status == "pending":
            continue
        new, volume = _scaled(feasible([row], floor), ends), volumes[-1]
        if len(new) and not (front >= new).all(axis=1).any():
            front = moocore.filter_dominated(np.vstack([front, new]), maximise=True)
            volume = max(volume, moocore.hypervolume(front, ref=0, maximise=True))
        volumes.append(volume)
    return volumes[1:]


def _ends(
    rows: Sequence[Row], objectives: Sequence[Metric], limits: Limits | None
) -> list[tuple[Metric, float]]:
    """Each objective with the end of its scale, which begins at 0."""
    if limits is None:
        limits = {name: 1.1 * most for name, most in largest_seen(rows, objectives).items()}
    return [(m, limits[m.name] if m.most is None else m.most) for m in objectives]


def _scaled(rows: Sequence[Row], ends: Sequence[tuple[Metric, float]]) -> np.ndarray:
    """The objectives scaled so that the reference is 0 and the ideal 1."""
    worst = np.array([0.0 if metric.maximise else -end for metric, end in ends])
    span = np.array([end for _, end in ends])
    return (gains(rows, [metric for metric, _ in ends]) - worst) / span

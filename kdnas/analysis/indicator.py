"""The hypervolume of a run's front: how much of what is possible it dominates."""

from collections.abc import Sequence

import numpy as np

from kdnas.analysis.front import feasible, natural_values, pareto_front
from kdnas.objectives import OBJECTIVES, ObjectiveName
from kdnas.runs import Row


def reference_point(
    rows: Sequence[Row], objectives: Sequence[ObjectiveName], largest: int | None = None
) -> tuple[float, ...]:
    """The worst corner that hypervolumes are measured from, in natural units.

    It is 0 for every share and `largest` for the parameters. Hypervolumes of two runs may be
    compared only if both were given the same `largest`, for instance the parameter limit of the
    configuration or the teacher's parameters. Without it, 1.1 times the largest evaluated student
    is taken, which serves one finished run (the largest student then still counts a little).
    """
    if largest is None:
        largest = round(1.1 * natural_values(rows, ["parameters"]).max(initial=0))
    return tuple(0.0 if OBJECTIVES[name].maximise else float(largest) for name in objectives)


def hypervolume(
    rows: Sequence[Row],
    objectives: Sequence[ObjectiveName],
    floor: float,
    largest: int | None = None,
) -> float:
    """Share of the box between `reference_point` and the ideal that the front dominates.

    The ideal is 1 for every share and no parameters at all, so 1 is out of reach. Students beyond
    the reference add nothing; 0 where no student is feasible.
    """
    import moocore

    front = pareto_front(rows, objectives, floor)
    gains = _gains(front, objectives, reference_point(rows, objectives, largest))
    return moocore.hypervolume(gains, ref=0, maximise=True)


def hypervolume_history(
    rows: Sequence[Row],
    objectives: Sequence[ObjectiveName],
    floor: float,
    largest: int | None = None,
) -> list[float]:
    """The hypervolume after each finished student, in birth order; it never falls.

    A failed or infeasible student leaves it as it is; pending ones are left out. The reference is
    the same for all values.
    """
    import moocore

    reference = reference_point(rows, objectives, largest)
    front, volumes = np.empty((0, len(objectives))), [0.0]
    for row in rows:
        if row.status == "pending":
            continue
        new, volume = _gains(feasible([row], floor), objectives, reference), volumes[-1]
        if len(new) and not (front >= new).all(axis=1).any():
            front = moocore.filter_dominated(np.vstack([front, new]), maximise=True)
            volume = max(volume, moocore.hypervolume(front, ref=0, maximise=True))
        volumes.append(volume)
    return volumes[1:]


def _gains(
    rows: Sequence[Row], objectives: Sequence[ObjectiveName], reference: Sequence[float]
) -> np.ndarray:
    """The objectives scaled so that the reference is 0 and the ideal 1."""
    worst = np.array(reference)
    ideal = np.array([1.0 if OBJECTIVES[name].maximise else 0.0 for name in objectives])
    return (natural_values(rows, objectives) - worst) / (ideal - worst)

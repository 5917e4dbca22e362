"""The Pareto front of a run and the students to pick from it."""

from collections.abc import Sequence

import numpy as np

from kdnas.metrics import (
    PARAMETERS,
    ROBUSTNESS,
    SCORE,
    Metric,
    Weights,
    fitness,
    points,
    score,
    violation,
)
from kdnas.records import Evaluation
from kdnas.runs import Row, RunContext

MARKS = {"best fitness": "F", "knee": "K", "most robust": "R"}
"""The letters that stand for the picks in tables and figures."""


def evaluated(rows: Sequence[Row]) -> list[tuple[Row, Evaluation]]:
    """The students that were evaluated, with their evaluations; pending and failed ones have none.

    A student that was is `ok`.
    """
    return [(row, row.evaluation) for row in rows if row.evaluation is not None]


def feasible(rows: Sequence[Row], floor: float) -> list[Row]:
    """The evaluated students that keep the accuracy floor (share); a floor of 0 admits them all."""
    return [row for row, evaluation in evaluated(rows) if violation(evaluation, floor) <= 0]


def gains(rows: Sequence[Row], objectives: Sequence[Metric]) -> np.ndarray:
    """The objectives of the evaluated students, ``(students, objectives)``, larger ones better."""
    values = [[metric.gain(e) for metric in objectives] for _, e in evaluated(rows)]
    return np.array(values, dtype=float).reshape(-1, len(objectives))


def pareto_front(rows: Sequence[Row], objectives: Sequence[Metric], floor: float) -> list[Row]:
    """The non-dominated among the feasible students, in birth order.

    Students with equal objectives do not dominate each other and are all kept: they are different
    networks, and which of them is better may show on report-val.
    """
    import moocore

    candidates = feasible(rows, floor)
    if not candidates:
        return []
    values = gains(candidates, objectives)
    kept = moocore.is_nondominated(values, maximise=True, keep_weakly=True)
    return [row for row, keep in zip(candidates, kept, strict=True) if keep]


def why_empty(rows: Sequence[Row], context: RunContext) -> str:
    """Why no student is on the front, and what to do; "" where one is."""
    found = evaluated(rows)
    if feasible(rows, context.floor):
        return ""
    if not found:
        failed = [row.failure for row in rows if row.failure]
        return f"all {len(failed)} students failed" if failed else "no student is evaluated yet"
    best = max(score(evaluation.search) for _, evaluation in found)
    constant = sum(evaluation.search.degenerate for _, evaluation in found)
    teacher = context.teacher_accuracy
    return (
        f"the front is empty: none of {len(found)} students keeps the accuracy floor of"
        f" {points(context.floor):.1f} points; the best has {points(best):.1f}"
        + (f", {constant} always give one answer" if constant else "")
        + f", always the most frequent class {points(context.majority_share):.1f}"
        + (f", the teacher {points(teacher):.1f}" if teacher is not None else "")
        + ". Teach longer (distill.epochs, distill.learning_rate), give more texts, or lower"
        " constraints.accuracy_floor"
    )


def knee(front: Sequence[Row], objectives: Sequence[Metric]) -> Row:
    """The member of a non-empty front that gives up least in every objective at once.

    Each objective is scaled to [0, 1] over the front, 1 the best. The knee lies farthest on the
    good side of the plane through the points that have one objective at its best and all others at
    their worst; with two objectives this is the line through the ends of the front (Das 1999).
    That distance grows with the sum of the scaled objectives. Ties go to the lower birth.
    """
    values = gains(front, objectives)
    low, span = values.min(axis=0), np.ptp(values, axis=0)
    scaled = (values - low) / np.where(span > 0, span, 1.0)
    sums = scaled.sum(axis=1).round(12)  # so that ties are not broken by the last digit
    return max(zip(sums, front, strict=True), key=lambda pair: (pair[0], -pair[1].birth))[1]


def picks(
    rows: Sequence[Row],
    front: Sequence[Row],
    objectives: Sequence[Metric],
    floor: float,
    weights: Weights,
) -> dict[str, Row]:
    """Three of `rows`, of which `front` is the front, by name; none where no student is feasible.

    `best fitness` has the largest fitness of the paper, `knee` is the knee of the front, and
    `most robust` has the largest accuracy under attack (ties: the task's score), where there is an
    attack. All are feasible; further
    ties go to fewer parameters, then to the lower birth. The first and the last are on the front
    unless the objectives leave out what they are picked by.
    """
    found = evaluated(feasible(rows, floor))
    if not found:
        return {}

    def by_fitness(student: tuple[Row, Evaluation]) -> tuple[float, ...]:
        row, e = student
        return fitness(e, weights), PARAMETERS.gain(e), -row.birth

    def by_robustness(student: tuple[Row, Evaluation]) -> tuple[float, ...]:
        row, e = student
        return ROBUSTNESS.gain(e), SCORE.gain(e), PARAMETERS.gain(e), -row.birth

    picked = {"best fitness": max(found, key=by_fitness)[0], "knee": knee(front, objectives)}
    if any(e.search.attack.texts for _, e in found):
        picked["most robust"] = max(found, key=by_robustness)[0]
    return picked


def marks(picked: dict[str, Row], row: Row) -> str:
    """The letters of the picks that `row` is, "" for none."""
    return "".join(MARKS[name] for name, pick in picked.items() if pick.birth == row.birth)

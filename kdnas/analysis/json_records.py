"""Students as JSON records, for scripts and other tools."""

import json
import math
from collections.abc import Sequence
from typing import Any

from kdnas.analysis.front import feasible, pareto_front
from kdnas.metrics import COSTS, SCORES, Metric, Weights, added, fitness
from kdnas.records import AttackSpec, Evaluation, Measurement
from kdnas.runs import Row


def as_records(
    rows: Sequence[Row],
    weights: Weights,
    objectives: Sequence[Metric],
    floor: float,
    spec: AttackSpec | None,
) -> list[dict[str, Any]]:
    """One JSON object for each student, in birth order, all with the same names.

    Scores, standard errors, `success_rate` and `words_changed` (mean over the successes) are
    shares, `queries` is the mean per attacked text, `fitness` is in points. Objectives that a user
    has added follow under their names. What was not measured is None, as is what is no finite
    number. `attack` is what was done to every student, and `spec` its digest.
    """
    costs = (*COSTS, *added(objectives))
    passing = {row.birth for row in feasible(rows, floor)}
    front = {row.birth for row in pareto_front(rows, objectives, floor)}
    return [
        {
            **_identity(row),
            **_measured(row.evaluation, costs, weights),
            "feasible": row.birth in passing,
            "on_front": row.birth in front,
            "report": _scores(row.report) if row.report else None,
            **spec_record(spec),
        }
        for row in rows
    ]


def spec_record(spec: AttackSpec | None) -> dict[str, Any]:
    """The digest of an attack and all that decides about it, for records that have scores of it."""
    return {"spec": spec and spec.digest, "attack": spec and spec.as_record()}


def _identity(row: Row) -> dict[str, Any]:
    failure = row.failure
    return {
        "birth": row.birth,
        "key": row.key,
        "status": row.status,
        "architecture": json.loads(row.architecture_json),
        "operation": row.operation,
        "parents": list(row.parents),
        "seed": row.seed,
        "failure": {"kind": failure.kind, "message": failure.message} if failure else None,
    }


def _measured(
    evaluation: Evaluation | None, costs: Sequence[Metric], weights: Weights
) -> dict[str, Any]:
    if evaluation is None:
        return dict.fromkeys([*(metric.name for metric in (*SCORES, *costs)), "fitness"])
    values = {metric.name: _finite(metric.value(evaluation)) for metric in costs}
    return {**_scores(evaluation.search), **values, "fitness": fitness(evaluation, weights)}


def _scores(measurement: Measurement) -> dict[str, float | None]:
    return {score.name: _finite(score.of(measurement)) for score in SCORES}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

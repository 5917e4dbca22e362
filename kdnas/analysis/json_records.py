"""Students as JSON records, for scripts and other tools."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from kdnas.analysis.front import feasible, pareto_front
from kdnas.analysis.points import accuracy_error, robustness_error
from kdnas.objectives import ObjectiveName, Weights, fitness
from kdnas.records import Evaluation, Measurement
from kdnas.runs import Row

_SCORES: dict[str, Callable[[Measurement], float]] = {
    "accuracy": lambda m: m.accuracy,
    "robustness": lambda m: m.robustness,
    "worst_class_accuracy": lambda m: m.worst_class_accuracy,
    "worst_class_robustness": lambda m: m.worst_class_robustness,
    "accuracy_se": accuracy_error,
    "robustness_se": robustness_error,
    "texts": lambda m: m.texts,
    "attacked": lambda m: m.attack.texts,
    "success_rate": lambda m: m.attack.success_rate,
    "queries": lambda m: m.attack.mean_queries,
    "words_changed": lambda m: m.attack.mean_words_changed,
    "degenerate": lambda m: m.degenerate,
}
_COSTS: dict[str, Callable[[Evaluation], float]] = {
    "parameters": lambda e: e.parameters,
    "block_parameters": lambda e: e.block_parameters,
    "flops": lambda e: e.flops,
    "loss": lambda e: e.loss,
    "train_seconds": lambda e: e.train_seconds,
    "attack_seconds": lambda e: e.attack_seconds,
}


def as_records(
    rows: Sequence[Row], weights: Weights, objectives: Sequence[ObjectiveName], floor: float
) -> list[dict[str, Any]]:
    """One JSON object for each student, in birth order, all with the same names.

    Scores, standard errors, `success_rate` and `words_changed` (mean over the successes) are
    shares, `queries` is the mean per attacked text, `fitness` is in points. What was not measured
    is None, as is what is no finite number.
    """
    passing = {row.birth for row in feasible(rows, floor)}
    front = {row.birth for row in pareto_front(rows, objectives, floor)}
    return [
        {
            **_identity(row),
            **_measured(row.evaluation, weights),
            "feasible": row.birth in passing,
            "on_front": row.birth in front,
            "report": _scores(row.report) if row.report else None,
        }
        for row in rows
    ]


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


def _measured(evaluation: Evaluation | None, weights: Weights) -> dict[str, Any]:
    if evaluation is None:
        return dict.fromkeys([*_SCORES, *_COSTS, "fitness"])
    costs = {name: _finite(value(evaluation)) for name, value in _COSTS.items()}
    return {**_scores(evaluation.search), **costs, "fitness": fitness(evaluation, weights)}


def _scores(measurement: Measurement) -> dict[str, float | None]:
    return {name: _finite(value(measurement)) for name, value in _SCORES.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

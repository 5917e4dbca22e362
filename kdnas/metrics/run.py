"""The metrics of a run: what it selects by, and what an archive keeps of those of users."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from kdnas.errors import UserError
from kdnas.metrics.metric import Metric
from kdnas.metrics.table import COSTS, METRICS, PARAMETERS, ROBUSTNESS, SCORE, SCORES
from kdnas.metrics.units import Unit
from kdnas.records import Evaluation, EvaluationFailed, Report

Description = Mapping[str, Any]
"""What is known of a metric without its code; values of JSON."""


def metrics_of(
    names: Sequence[str], described: Mapping[str, Description] | None = None
) -> tuple[Metric, ...]:
    """Return the metrics that a run names.

    Args:
        names: The names of metrics of kdnas or of users.
        described: What the run's archive keeps of a user's metrics, from `descriptions`.

    Raises:
        UserError: There is no metric of that name, or two that records would call the same.
    """
    known = described or {}
    found = tuple(_stored(name, known[name]) if name in known else METRICS[name] for name in names)
    taken = {metric.name for metric in (*SCORES, *COSTS)}
    for name, metric in zip(names, found, strict=True):
        if added([metric]):
            if metric.name in taken:
                raise UserError(
                    f"search.objectives = {name}: its metric's name {metric.name} is taken"
                )
            taken.add(metric.name)
    return found


def descriptions(names: Sequence[str]) -> dict[str, Description]:
    """Describe those of these metrics that a user has added, for the archive of a run."""
    return {
        name: {key: value for key, value in asdict(metric).items() if key in _KEPT}
        for name, metric in zip(names, metrics_of(names), strict=True)
        if added([metric])
    }


def with_values(result: Evaluation | Report, objectives: Sequence[Metric]) -> Evaluation | Report:
    """Return an evaluation with the values of those objectives that a user has added.

    What decides about a student has to be a finite number: the objectives, and what fitness and
    accuracy floor are made of, where the task has it; and what an archive keeps as a count has to
    be one. Other metrics may be anything. A report is returned as it is.

    Raises:
        EvaluationFailed: One of these values is not finite, or no count.
        UserError: A user's metric is negative, for which hypervolumes have no scale.
    """
    if isinstance(result, Report):
        return result
    attacked = [ROBUSTNESS] if result.search.attack.texts else []
    for metric in (*objectives, SCORE, *attacked, PARAMETERS):
        value = metric.value(result)
        if not math.isfinite(value):
            raise EvaluationFailed("non_finite", f"{metric.name} is {value}")
    for name in ("parameters", "block_parameters", "flops"):
        count = getattr(result, name)
        if not (isinstance(count, int) and 0 <= count <= _LARGEST):
            raise EvaluationFailed("non_finite", f"{name} is {count!r}, not a count")
    values = {metric.name: float(metric.value(result)) for metric in added(objectives)}
    for name, value in values.items():
        if value < 0:
            raise UserError(f"metric {name} is {value}: shift it so that it is never below 0")
    return replace(result, values={**result.values, **values}) if values else result


_LARGEST = 2**63 - 1
"""The largest count that an archive holds."""

_KEPT = {"name", "maximise", "label", "long", "unit", "limit"}


def added(metrics: Sequence[Metric]) -> list[Metric]:
    """The metrics among these that a user has added."""
    return [metric for metric in metrics if metric not in (*SCORES, *COSTS)]


def _stored(name: str, description: Description) -> Metric:
    """A metric as it was when the run began; its values are recorded with the students."""

    def unknown(_: Evaluation) -> float:
        raise UserError(f"no values of metric {name} are recorded: import what adds it")

    read = METRICS[name].read if name in METRICS else unknown
    return Metric(read=read, **{**description, "unit": Unit(**description["unit"])})

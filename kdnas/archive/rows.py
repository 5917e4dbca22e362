"""What an archive holds, as values: births and rows, and their way in and out of the tables."""

import json
import math
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from kdnas.archive.schema import MEASURED_NAMES
from kdnas.records import AttackOutcome, Evaluation, Failure, Measurement
from kdnas.space import Architecture


@dataclass(frozen=True)
class Birth:
    """A proposed student: its number in the run, its architecture and where it came from."""

    birth: int
    architecture: Architecture
    operation: str
    parents: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Row:
    """One student of an archive, in birth order.

    Attributes:
        birth: Its number in the run, from 0.
        key: The architecture's identity.
        architecture_json: The architecture as it was proposed.
        operation: What made it; `parents` are births.
        seed: Seed of its training.
        status: `pending`, `ok` or `failed`.
        evaluation: What was measured, if `ok` (without its single texts).
        failure: Why not, if `failed`.
        report: Its values on report-val, if it was measured there.
        attempts: How often its evaluation was tried; 0 while it is pending.
        seconds: Wall time of the last attempt.
    """

    birth: int
    key: str
    architecture_json: str
    operation: str
    parents: tuple[int, ...]
    seed: int
    status: Literal["pending", "ok", "failed"]
    evaluation: Evaluation | None = None
    failure: Failure | None = None
    report: Measurement | None = None
    attempts: int = 0
    seconds: float = 0.0

    @property
    def architecture(self) -> Architecture:
        """The architecture as it was proposed."""
        return Architecture.from_json(self.architecture_json)


EVALUATION_NAMES = (
    "parameters",
    "block_parameters",
    "flops",
    "loss",
    "train_seconds",
    "attack_seconds",
)
_JSON_NAMES = ("correct", "totals", "predicted", "skipped", "succeeded", "failed")


def measured_values(measurement: Measurement) -> dict[str, Any]:
    """The columns of a measurement."""
    attack = measurement.attack
    values: dict[str, Any] = {
        **{name: getattr(measurement, name) for name in MEASURED_NAMES[:6]},
        "attacked": attack.texts,
        **{name: getattr(measurement, name) for name in _JSON_NAMES[:3]},
        **{name: getattr(attack, name) for name in _JSON_NAMES[3:]},
        "queries": attack.queries,
        "words_changed_share": attack.words_changed_share,
        "spec": measurement.spec,
    }
    return values | {name: json.dumps(values[name]) for name in _JSON_NAMES}


def measurement_of(row: sqlite3.Row) -> Measurement:
    """The measurement that a table's row holds."""
    correct, totals, predicted, skipped, succeeded, failed = (_whole(row[n]) for n in _JSON_NAMES)
    queries, words_changed = row["queries"], row["words_changed_share"]
    attack = AttackOutcome(skipped, succeeded, failed, queries, words_changed)
    return Measurement(correct, totals, predicted, attack, row["spec"])


@lru_cache(maxsize=2**14)
def _whole(text: str) -> tuple[int, ...]:
    """Numbers from their JSON; many rows have the same."""
    return tuple(json.loads(text))


def row_of(row: sqlite3.Row, report: Measurement | None) -> Row:
    """The student that a row of `evaluations` holds, with its report if there is one."""
    evaluation = failure = None
    if row["status"] == "ok":
        numbers = {name: row[name] for name in EVALUATION_NAMES}
        numbers["loss"] = math.nan if row["loss"] is None else row["loss"]  # SQLite has no NaN
        evaluation = Evaluation(search=measurement_of(row), **numbers)
    elif row["status"] == "failed":
        failure = Failure(row["failure"], row["message"])
    return Row(
        row["birth"],
        row["key"],
        row["architecture"],
        row["operation"],
        _whole(row["parents"]),
        row["seed"],
        row["status"],
        evaluation,
        failure,
        report,
        row["attempts"] or 0,
        row["seconds"] or 0.0,
    )


def birth_of(row: Row) -> Birth:
    """The student of a row as it was asked for."""
    return Birth(row.birth, row.architecture, row.operation, row.parents, row.seed)

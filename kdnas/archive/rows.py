"""What an archive holds, as values: births and rows, and their way in and out of the tables."""

import json
import math
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from kdnas.archive.schema import MEASURED_NAMES
from kdnas.records import AttackOutcome, Evaluation, Failure, Measurement
from kdnas.space import Genotype, read_genotype


@dataclass(frozen=True)
class Birth:
    """A proposed student: its number in the run, its architecture and where it came from."""

    birth: int
    architecture: Genotype
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
    def architecture(self) -> Any:
        """The architecture as it was proposed; that of a space that is not known is refused."""
        return read_genotype(self.architecture_json)


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
    """The measurement that a table's row ends with."""
    *counts, queries, words_changed, spec = row[-len(_JSON_NAMES) - 3 :]
    correct, totals, predicted, skipped, succeeded, failed = map(_whole, counts)
    attack = AttackOutcome(skipped, succeeded, failed, queries, words_changed)
    return Measurement(correct, totals, predicted, attack, spec)


@lru_cache(maxsize=2**14)
def _whole(text: str) -> tuple[int, ...]:
    """Numbers from their JSON; many rows have the same."""
    return tuple(json.loads(text))


def row_of(row: sqlite3.Row, report: Measurement | None) -> Row:
    """The student that a row of `evaluations` holds, with its report if there is one.

    Columns are taken by their place in the schema: by name it takes twice as long.
    """
    birth, key, architecture, parents, operation, seed, status, *found = row
    parameters, block_parameters, flops, loss, training, attack, kind, message, *found = found
    attempts, seconds, *_ = found
    evaluation = failure = None
    if status == "ok":
        loss = math.nan if loss is None else loss  # SQLite has no NaN
        costs = parameters, block_parameters, flops
        evaluation = Evaluation(*costs, measurement_of(row), loss, training, attack)
    elif status == "failed":
        failure = Failure(kind, message)
    return Row(
        birth,
        key,
        architecture,
        operation,
        _whole(parents),
        seed,
        status,
        evaluation,
        failure,
        report,
        attempts or 0,
        seconds or 0.0,
    )


def birth_of(row: Row) -> Birth:
    """The student of a row as it was asked for."""
    return Birth(row.birth, row.architecture, row.operation, row.parents, row.seed)

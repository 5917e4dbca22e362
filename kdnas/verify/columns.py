"""Whether a student's columns fit its status: nothing where there is no result, numbers else."""

import math
import sqlite3
from collections.abc import Iterable
from typing import get_args

from kdnas.archive.rows import EVALUATION_NAMES
from kdnas.archive.schema import MEASURED_NAMES
from kdnas.records import FailureKind

_COUNTS = {"parameters", "block_parameters", "flops", "degenerate", "texts", "attacked", "queries"}
_TEXTS = {"correct", "totals", "predicted", "skipped", "succeeded", "failed", "spec"}
_UNBOUNDED = {"loss"}  # a divergence of equal distributions may come out just below 0
_OPTIONAL = {"queries"}  # a lazy attack does not count them

_RESULT = (*EVALUATION_NAMES, *MEASURED_NAMES)
_TRIED = ("attempts", "seconds", "worker")


def status_problems(row: sqlite3.Row) -> list[str]:
    """What does not fit the status of a row of the table of evaluations."""
    why = ("failure", "message")
    if row["status"] == "pending":
        return _filled(row, (*_RESULT, *why, *_TRIED))
    found = _untried(row)
    if row["status"] == "ok":
        return [*found, *measured_problems(row, _RESULT), *_filled(row, why)]
    if row["failure"] not in get_args(FailureKind):
        found.append(f"its failure is {row['failure']!r}, which is no kind of failure")
    if not isinstance(row["message"], str):
        found.append("it failed without a message")
    return [*found, *_filled(row, _RESULT)]


def measured_problems(
    row: sqlite3.Row, names: Iterable[str] = (*MEASURED_NAMES, "seconds")
) -> list[str]:
    """The columns `names`, a report's by default, that are empty or hold no such value."""
    return [
        f"its {name} is {row[name]!r}"
        for name in names
        if not (name in _OPTIONAL and row[name] is None) and not _fits(name, row[name])
    ]


def _fits(name: str, value: object) -> bool:
    if name in _TEXTS:
        return isinstance(value, str)
    if name in _COUNTS:
        return isinstance(value, int)  # how large is counted again elsewhere
    return isinstance(value, float) and math.isfinite(value) and (name in _UNBOUNDED or value >= 0)


def _filled(row: sqlite3.Row, names: Iterable[str]) -> list[str]:
    filled = [name for name in names if row[name] is not None]
    return [f"it is {row['status']}, but has {', '.join(filled)}"] if filled else []


def _untried(row: sqlite3.Row) -> list[str]:
    """Who tried it, how often and for how long."""
    found = []
    if not (isinstance(row["attempts"], int) and row["attempts"] >= 1):
        found.append(f"it is {row['status']} after {row['attempts']!r} attempts")
    if not _fits("seconds", row["seconds"]):
        found.append(f"its seconds are {row['seconds']!r}")
    if not isinstance(row["worker"], str):
        found.append(f"its worker is {row['worker']!r}")
    return found

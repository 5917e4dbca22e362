"""Whether the numbers of a measurement follow from its counts."""

import sqlite3

from kdnas.archive.rows import measured_values, measurement_of
from kdnas.archive.schema import MEASURED_NAMES
from kdnas.records import Measurement

_DERIVED = MEASURED_NAMES[: MEASURED_NAMES.index("attacked") + 1]


def count_problems(row: sqlite3.Row) -> list[str]:
    """What contradicts itself in the measurement of a row, whose columns are all filled."""
    try:
        measured = measurement_of(row)
        message = _impossible(measured)
    except (ValueError, TypeError) as error:
        return [f"its counts cannot be read ({error})"]
    if message:
        return [message]
    values = measured_values(measured)
    return [
        f"its {name} is {row[name]!r}, but its counts give {values[name]!r}"
        for name in _DERIVED
        if row[name] != values[name]
    ]


def _impossible(measured: Measurement) -> str:
    """Why the counts cannot be those of a split; "" where they can."""
    attack = measured.attack
    attacked = (attack.skipped, attack.succeeded, attack.failed)
    lists = (measured.correct, measured.totals, measured.predicted, *attacked)
    if len({len(counts) for counts in lists}) != 1 or len(measured.totals) < 2:
        return "its counts are not of the same classes"
    if not all(type(count) is int and count >= 0 for counts in lists for count in counts):
        return "its counts are not all whole numbers from 0"
    if sum(measured.predicted) != measured.texts:
        return f"it has {sum(measured.predicted)} predictions for {measured.texts} texts"
    if any(right > min(of) for right, *of in zip(*lists[:3], strict=True)):
        return "it is right more often than there are texts or predictions of a class"
    if any(total < sum(of) for total, *of in zip(measured.totals, *attacked, strict=True)):
        return "more texts of a class were attacked than there are"
    return "" if attack.texts else "no text was attacked"

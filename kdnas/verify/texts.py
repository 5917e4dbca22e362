"""Whether the attacked texts, one by one, give the counts of the attack."""

import math
import sqlite3
from collections.abc import Iterator, Sequence, Set
from typing import get_args

from kdnas.archive.rows import measurement_of
from kdnas.records import AttackOutcome, Outcome, TextOutcome
from kdnas.verify.problem import Problem

_TEXTS = """
SELECT text_index, label, predicted, outcome, words, words_changed, queries, perturbed, spec
FROM texts WHERE birth = ? AND split = ? ORDER BY text_index
"""


def text_problems(db: sqlite3.Connection, row: sqlite3.Row, split: str) -> list[str]:
    """Where the attacked texts of a student contradict its counts.

    Args:
        db: The archive.
        row: Its measurement; the counts are sound by themselves.
        split: `search` or `report`.
    """
    found = db.execute(_TEXTS, (row["birth"], split)).fetchall()
    if len(found) != row["attacked"]:
        return [f"{row['attacked']} texts were attacked, but {len(found)} are recorded"]
    counted = measurement_of(row).attack
    classes = len(counted.skipped)
    texts = [TextOutcome(*text[:8]) for text in found]
    for place, (text, outcome) in enumerate(zip(found, texts, strict=True)):
        message = impossible(outcome, place, classes)
        if message or text["spec"] != row["spec"]:
            reason = message or f"was attacked by spec {text['spec']}, not {row['spec']}"
            return [f"its {split} text {outcome.index!r} {reason}"]
    message = _differences(AttackOutcome.of(texts, classes), counted)
    return [message] if message else []


def stray_problems(
    db: sqlite3.Connection, known: Set[int], evaluated: Set[int], reported: Set[int]
) -> Iterator[Problem]:
    """Texts of students that were not attacked on their split.

    Args:
        db: The archive.
        known: All births.
        evaluated: Those with a measurement on the split `search`.
        reported: Those with one on `report`.
    """
    attacked = {"search": evaluated, "report": reported}
    for birth, split in db.execute("SELECT DISTINCT birth, split FROM texts"):
        if birth not in attacked.get(split, ()):
            whose = "was not attacked there" if birth in known else "is not in the archive"
            yield Problem(f"{split} texts of birth {birth}", f"the student {whose}")


def impossible(text: TextOutcome, place: int, classes: int) -> str:
    """Why an outcome cannot be; "" where it can."""
    labels, counts = (text.label, text.predicted), (text.words, text.words_changed)
    if text.index != place:
        return f"is in the place of text {place}"
    if not all(type(label) is int and 0 <= label < classes for label in labels):
        return f"is of class {text.label!r} and predicted as {text.predicted!r}"
    if not all(type(count) is int and count >= 0 for count in counts):
        return f"has {text.words!r} words, {text.words_changed!r} of them changed"
    if not (text.queries is None or (type(text.queries) is int and text.queries >= 0)):
        return f"took {text.queries!r} queries"
    if text.outcome not in get_args(Outcome):
        return f"has the outcome {text.outcome!r}"
    if (text.outcome == "skipped") != (text.label != text.predicted):
        return f"was {text.outcome}, but is of class {text.label} and predicted as {text.predicted}"
    if (text.outcome == "succeeded") != bool(text.perturbed):
        return f"was {text.outcome}, but its perturbed text is {text.perturbed!r}"
    return ""


def _differences(recounted: AttackOutcome, counted: AttackOutcome) -> str:
    """All that one wrong text may have changed, in one line."""

    def message(name: str, now: object, then: object) -> str:
        return f"its {name} is {_shown(then)}, but its texts give {_shown(now)}"

    names = ("skipped", "succeeded", "failed", "queries")
    pairs = [(name, getattr(recounted, name), getattr(counted, name)) for name in names]
    found = [message(name, now, then) for name, now, then in pairs if now != then]
    now, then = recounted.summed_changed_shares, counted.summed_changed_shares
    if not math.isclose(now, then, rel_tol=1e-9):  # a sum, in any order
        found.append(message("words_changed_share", now, then))
    return "; ".join(found)


def _shown(value: object) -> object:
    return list(value) if isinstance(value, Sequence) else value

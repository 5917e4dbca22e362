"""Whether what was measured of each trial is whole, possible, and what was recorded."""

import sqlite3
from dataclasses import replace

import numpy as np

from kdnas.errors import UserError
from kdnas.records import AttackOutcome, Measurement, TextOutcome
from kdnas.runs import ModelArchive, Store
from kdnas.runs.measured import (
    OUTCOME_COLUMNS,
    counted,
    counts_measurement,
    measured_digest,
    unpacked,
)
from kdnas.verify.problem import Problem, one_line

_MEASUREMENTS = """
SELECT measurement, trial, key, replicate, split, predictions, counts, measurements.digest, status
FROM measurements JOIN trials USING (trial) JOIN students USING (birth) ORDER BY trial, split
"""
_OUTCOMES = f"""
SELECT attack, {", ".join(OUTCOME_COLUMNS)} FROM outcomes WHERE measurement = ?
ORDER BY attack, text_index
"""
_UNMEASURED = """
SELECT trial, key, replicate FROM trials JOIN students USING (birth)
WHERE status = 'ok' AND trial NOT IN (SELECT trial FROM measurements WHERE split = ?)
"""
_EDGE = 100
"""At most one in so many texts may be predicted otherwise in the batches of the attack."""


def measurement_problems(store: Store, needed: str) -> list[Problem]:
    """Return everything that is wrong with predictions, counts and outcomes.

    Args:
        store: The store of a search or of a comparison.
        needed: The split on which every evaluated trial has to be measured.
    """
    originals: dict[str, list[int]] = {}
    for split, label in store.query(
        "SELECT split, label FROM originals ORDER BY split, text_index"
    ):
        originals.setdefault(split, []).append(label)
    problems = []
    for row in store.query(_UNMEASURED, (needed,)):
        problems.append(Problem(_place(store, row), f"was evaluated, but not measured on {needed}"))
    totals: dict[str, tuple[float, ...]] = {}
    for row in store.query(_MEASUREMENTS).fetchall():
        try:
            message = _wrong(store, row, originals.get(row["split"], []), totals)
        except (TypeError, ValueError, LookupError, AttributeError, UserError) as error:
            message = f"cannot be understood ({one_line(error)})"
        if message:
            problems.append(Problem(f"{_place(store, row)}, {row['split']}", message))
    return problems


def _place(store: Store, row: sqlite3.Row) -> str:
    """A trial of a search by its number, one of a comparison by its model and which training."""
    model = f"{row['key']} {row['replicate']}"
    return model if isinstance(store, ModelArchive) else f"trial {row['trial']}"


def counts_only(store: Store) -> int:
    """Return how many trials have counts, but no predictions to count again."""
    query = "SELECT count(DISTINCT trial) FROM measurements WHERE state = 'counts only'"
    number: int = store.query(query).fetchone()[0]
    return number


def _wrong(
    store: Store, row: sqlite3.Row, originals: list[int], totals: dict[str, tuple[float, ...]]
) -> str:
    """What is wrong with one measurement; "" where nothing is."""
    if row["status"] != "ok":
        return f"was measured, but its trial is {row['status']}"
    outcomes = store.query(_OUTCOMES, (row["measurement"],)).fetchall()
    found = measured_digest(row["predictions"], row["counts"], map(tuple, outcomes))
    if found != row["digest"]:
        return "its predictions, counts, outcomes or perturbed texts are not those of the run"
    by_attack: dict[int, list[sqlite3.Row]] = {}
    for outcome in outcomes:
        by_attack.setdefault(outcome["attack"], []).append(outcome)
    numbers = {number for number, _ in store.attacks.values()}
    if originals and set(by_attack) != numbers:
        return "was not attacked by every attack of the run"
    for rows in by_attack.values():
        message = _impossible(rows, originals)
        if message:
            return message
    first = by_attack[min(by_attack)] if by_attack else []
    texts = [
        TextOutcome(text["text_index"], label, *list(text)[2:])
        for text, label in zip(first, originals, strict=True)
    ]
    if row["predictions"] is not None:
        return _wrong_predictions(store, row, texts)
    return _wrong_counts(store, row, texts, totals)


def _impossible(texts: list[sqlite3.Row], originals: list[int]) -> str:
    """Why these cannot be the outcomes of an attack on the split; "" where they can."""
    if [text["text_index"] for text in texts] != list(range(len(originals))):
        return f"{len(originals)} texts were attacked, but {len(texts)} are recorded"
    for text, label in zip(texts, originals, strict=True):
        if (text["outcome"] == "skipped") != (text["predicted"] != label):
            what = f"was {text['outcome']}, but is of class {label} and predicted as"
            return f"text {text['text_index']} {what} {text['predicted']}"
    return ""


def _wrong_predictions(store: Store, row: sqlite3.Row, texts: list[TextOutcome]) -> str:
    """Whether the predictions give the counts, and the attack started from them."""
    split, told = store.splits[row["split"]], counts_measurement(row["counts"])
    measured = counted(split, row["predictions"], texts, _spec(store))
    if not _equal(told, measured):
        return "its counts are not those of its predictions and attacked texts"
    if not texts:
        return ""
    predicted = unpacked(row["predictions"], split.classes)[: len(texts)]
    differing = int((predicted != np.array([text.predicted for text in texts])).sum())
    if differing > 1 + len(texts) // _EDGE:
        return f"the attack found {differing} other predictions than were recorded"
    return ""


def _wrong_counts(
    store: Store, row: sqlite3.Row, texts: list[TextOutcome], totals: dict[str, tuple[float, ...]]
) -> str:
    """Whether counts without predictions are possible, and those of the recorded outcomes."""
    if row["split"] in store.splits:
        return "has counts only, though the texts of the split are known"
    told = counts_measurement(row["counts"])
    if totals.setdefault(row["split"], told.totals) != told.totals:
        return f"has {list(told.totals)} texts by class; others have {list(totals[row['split']])}"
    message = _impossible_counts(told)
    if message or not texts:
        return message
    attack = AttackOutcome.of(texts, len(told.totals))
    if not _equal(told, replace(told, attack=attack, spec=_spec(store))):
        return "its counts of the attack are not those of its attacked texts, or of another attack"
    return ""


def _spec(store: Store) -> str:
    """The digest of the attack that is counted; "" where there is none."""
    return min(store.attacks.values())[1] if store.attacks else ""


def _equal(told: Measurement, again: Measurement) -> bool:
    """Whether two measurements are equal; sums and correlations differ between machines."""
    shares = again.attack.summed_changed_shares
    attack = replace(told.attack, summed_changed_shares=shares)
    off = abs(told.attack.summed_changed_shares - shares)
    if told.fit and again.fit:
        off += abs(told.fit.pearson - again.fit.pearson)
        off += abs(told.fit.spearman - again.fit.spearman)
    return replace(told, attack=attack, fit=again.fit) == again and off < 1e-9


def _impossible_counts(measured: Measurement) -> str:
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
    for right, total, skipped, *held in zip(*lists[:2], *attacked, strict=True):
        if not sum(held) <= right <= total - skipped:
            return "its right predictions are not those that the attack started from"
    return "" if attack.texts else "no text was attacked"

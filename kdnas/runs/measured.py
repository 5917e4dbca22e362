"""Measurements on their way into the tables and back: predictions packed, every count derived."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from kdnas.records import AttackOutcome, Measurement, Outcome, TextOutcome

OUTCOME_COLUMNS = (
    "text_index",
    "predicted",
    "outcome",
    "words",
    "words_changed",
    "queries",
    "perturbed",
)

TRIAL_COLUMNS = (
    "parameters",
    "block_parameters",
    "flops",
    "loss",
    "train_seconds",
    "attack_seconds",
    "examples",
    "metrics",
    "weights",
)

_ATTACKED = """
SELECT measurement, min(attack), label, outcome, count(*), count(queries), sum(queries),
    sum(1.0 * words_changed / max(words, 1))
FROM outcomes JOIN measurements USING (measurement) JOIN originals USING (split, text_index)
WHERE attack = (SELECT min(attack) FROM attacks) GROUP BY measurement, label, outcome
"""
_MEASURED = "SELECT measurement, trial, split, predictions, counts FROM measurements"


@dataclass(frozen=True)
class SplitLabels:
    """The true classes of a split.

    Attributes:
        labels: The class of every text, ``(texts,)``.
        classes: How many classes there are.
    """

    labels: np.ndarray
    classes: int


def packed(classes_of_texts: Sequence[int], classes: int) -> bytes:
    r"""One number below `classes` for each text, in as few bytes as hold it.

    >>> packed((0, 1, 1), 2)
    b'\x00\x01\x01'
    """
    return np.array(classes_of_texts, dtype=_number(classes)).tobytes()


def unpacked(packed_classes: bytes, classes: int) -> np.ndarray:
    """The reverse of `packed`, ``(texts,)``.

    Raises:
        ValueError: The length does not fit.
    """
    return np.frombuffer(packed_classes, dtype=_number(classes)).astype(np.int64)


def _number(classes: int) -> str:
    return "u1" if classes <= 256 else "<u2"


def outcome_values(texts: Iterable[TextOutcome]) -> list[tuple[Any, ...]]:
    """The columns `OUTCOME_COLUMNS` of each attacked text."""
    return [
        (t.index, t.predicted, t.outcome, t.words, t.words_changed, t.queries, t.perturbed)
        for t in texts
    ]


def checksum(*values: Any) -> str:
    """Return 16 hexadecimal digits over values in a JSON form; rows of a table are lists there."""
    return sha256(json.dumps(values, default=list).encode()).hexdigest()[:16]


def measured_digest(predictions: bytes | None, counts: str | None, outcomes: Iterable[Any]) -> str:
    """Return the checksum over everything that was measured of a trial on a split.

    Args:
        predictions: Packed; None for counts only.
        counts: JSON; None for a whole measurement.
        outcomes: The rows of every attack, each with the number of the attack before the columns
            `OUTCOME_COLUMNS`, in the order of the table's key.
    """
    return checksum((predictions or b"").hex(), counts, *outcomes)


def originals_digest(labels: bytes, originals: Iterable[Any]) -> str:
    """Return the checksum over a split: its labels, and (place, label, text) of its originals."""
    return checksum(labels.hex(), *originals)


def trial_digest(values: Mapping[str, Any]) -> str:
    """Return the checksum over the columns `TRIAL_COLUMNS` of an evaluated trial."""
    return checksum(*(values[name] for name in TRIAL_COLUMNS))


def measurements(
    db: sqlite3.Connection, splits: Mapping[str, SplitLabels], specs: Mapping[int, str]
) -> dict[tuple[int, str], Measurement]:
    """Every measurement by its trial and split, counted from predictions and outcomes.

    Args:
        db: The store.
        splits: The labels of each split.
        specs: The digest of each attack; a measurement has the one with the lowest number.
    """
    attacked = _attacked(db, splits)
    found = {}
    for measurement, trial, split, predictions, counts in db.execute(_MEASURED):
        if counts is not None:
            found[trial, split] = counts_measurement(counts)
            continue
        known = splits[split]
        table = confusion(known, predictions)
        attack, outcome = attacked[measurement]
        found[trial, split] = Measurement(
            correct=tuple(np.diagonal(table).tolist()),
            totals=tuple(table.sum(axis=1).tolist()),
            predicted=tuple(table.sum(axis=0).tolist()),
            attack=outcome,
            spec=specs[attack],
        )
    return found


def confusion(split: SplitLabels, predictions: bytes) -> np.ndarray:
    """How many texts of each class (rows) were predicted as each class (columns).

    Raises:
        ValueError: There is not one prediction below the number of classes for each text.
    """
    predicted, classes = unpacked(predictions, split.classes), split.classes
    if len(predicted) != len(split.labels) or predicted.max(initial=0) >= classes:
        raise ValueError("there is not one predicted class for each text")
    pairs = np.bincount(split.labels * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes)


def _attacked(
    db: sqlite3.Connection, splits: Mapping[str, SplitLabels]
) -> dict[int, tuple[int, AttackOutcome]]:
    """The attack and its counts by measurement, over all of them at once.

    Where several attacks were made the first is the one that counts as the measurement's.
    """
    classes = max((split.classes for split in splits.values()), default=2)
    found: dict[int, tuple[int, list[Any]]] = {}
    for measurement, attack, label, outcome, *sums in db.execute(_ATTACKED):
        _, seen = found.setdefault(measurement, (attack, []))
        seen.append((label, outcome, *sums))
    return {m: (attack, summed(seen, classes)) for m, (attack, seen) in found.items()}


def summed(groups: Sequence[Any], classes: int) -> AttackOutcome:
    """Counts of an attack from the sums over texts of equal label and outcome."""
    counts: dict[Outcome, list[int]] = {
        "skipped": [0] * classes,
        "succeeded": [0] * classes,
        "failed": [0] * classes,
    }
    texts = counted = queries = 0
    changed = 0.0
    for label, outcome, number, with_queries, asked, share in groups:
        counts[outcome][label] += number
        texts, counted = texts + number, counted + with_queries
        queries += 0 if outcome == "skipped" else asked or 0
        changed += share if outcome == "succeeded" else 0.0
    return AttackOutcome(
        tuple(counts["skipped"]),
        tuple(counts["succeeded"]),
        tuple(counts["failed"]),
        queries if counted == texts else None,
        changed,
    )


@lru_cache(maxsize=2**14)
def counts_measurement(text: str) -> Measurement:
    """A measurement from its JSON; many have the same."""
    values = json.loads(text)
    attack = values["attack"]
    lists = {name: tuple(attack[name]) for name in ("skipped", "succeeded", "failed")}
    return Measurement(
        correct=tuple(values["correct"]),
        totals=tuple(values["totals"]),
        predicted=tuple(values["predicted"]),
        attack=AttackOutcome(**(attack | lists)),
        spec=values["spec"],
    )

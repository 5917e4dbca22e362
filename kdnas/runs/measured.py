"""Measurements on their way into the tables and back: predictions packed, every count derived."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from kdnas.records import AttackOutcome, Measurement, TextOutcome

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
SELECT measurement, split, attack, group_concat(substr(outcome, 2, 1), '') AS letters,
    count(queries) = count(*) AS counted, sum(iif(outcome = 'skipped', 0, queries)) AS queries,
    sum(iif(outcome = 'succeeded', 1.0 * words_changed / max(words, 1), 0.0)) AS words
FROM outcomes JOIN measurements USING (measurement)
WHERE attack = (SELECT min(attack) FROM attacks) GROUP BY measurement
"""
_ORIGINALS = "SELECT split, label FROM originals ORDER BY split, text_index"
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
    labels: dict[str, list[int]] = {}
    for split, label in db.execute(_ORIGINALS):
        labels.setdefault(split, []).append(label)
    known = {split: np.array(values) for split, values in labels.items()}
    found = {}
    for measurement, split, attack, letters, counted, queries, words in db.execute(_ATTACKED):
        if split in splits:
            by_class = _by_class(letters, known[split], splits[split].classes)
            outcome = AttackOutcome(*by_class, queries if counted else None, words)
            found[measurement] = attack, outcome
    return found


def _by_class(
    letters: str, labels: np.ndarray, classes: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Texts by class that were skipped, that succeeded and that failed.

    Args:
        letters: The second letter of each outcome, by which they differ, in the order of the texts.
            One string for each measurement is read much faster than a row for each text.
        labels: The class of each text.
        classes: How many there are.

    Raises:
        ValueError: There is not one outcome for each text.
    """
    found = np.frombuffer(letters.encode(), dtype=np.uint8)
    if len(found) != len(labels):
        raise ValueError(f"{len(found)} outcomes of {len(labels)} attacked texts")

    def count(letter: str) -> tuple[int, ...]:
        return tuple(np.bincount(labels[found == ord(letter)], minlength=classes).tolist())

    return count("k"), count("u"), count("a")  # sKipped, sUcceeded, fAiled


@lru_cache(maxsize=2**14)
def counts_measurement(text: str) -> Measurement:
    """A measurement from its JSON; many have the same."""
    *lists, queries, summed_changed_shares, spec = json.loads(text)
    correct, totals, predicted, skipped, succeeded, failed = map(tuple, lists)
    attack = AttackOutcome(skipped, succeeded, failed, queries, summed_changed_shares)
    return Measurement(correct, totals, predicted, attack, spec)

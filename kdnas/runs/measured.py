"""Measurements on their way into the tables and back: predictions packed, counts made of them."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from kdnas.records import AttackOutcome, Measurement, TextOutcome, written

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
        (t.index, t.predicted, t.outcome, t.words, t.words_changed, t.queries, written(t.perturbed))
        for t in texts
    ]


def checksum(*values: Any) -> str:
    """Return 16 hexadecimal digits over values in a JSON form; rows of a table are lists there."""
    return sha256(json.dumps(values, default=list).encode()).hexdigest()[:16]


def measured_digest(predictions: bytes | None, counts: str, outcomes: Iterable[Any]) -> str:
    """Return the checksum over everything that was measured of a trial on a split.

    Args:
        predictions: Packed; None for counts only.
        counts: As JSON.
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


def counted(
    split: SplitLabels, predictions: bytes, texts: Sequence[TextOutcome], spec: str
) -> Measurement:
    """Count a measurement from the predicted class of every text and the attacked texts.

    Raises:
        ValueError: There is not one prediction below the number of classes for each text.
    """
    predicted, classes = unpacked(predictions, split.classes), split.classes
    if len(predicted) != len(split.labels) or predicted.max(initial=0) >= classes:
        raise ValueError("there is not one predicted class for each text")
    pairs = np.bincount(split.labels * classes + predicted, minlength=classes * classes)
    table = pairs.reshape(classes, classes)  # true classes are rows
    return Measurement(
        correct=tuple(np.diagonal(table).tolist()),
        totals=tuple(table.sum(axis=1).tolist()),
        predicted=tuple(table.sum(axis=0).tolist()),
        attack=AttackOutcome.of(texts, classes),
        spec=spec,
    )


def counts_json(measurement: Measurement) -> str:
    """The counts of a measurement as JSON."""
    m, attack = measurement, measurement.attack
    by_class = (m.correct, m.totals, m.predicted, attack.skipped, attack.succeeded, attack.failed)
    values = (*by_class, attack.queries, attack.summed_changed_shares, m.spec)
    return json.dumps(values, separators=(",", ":"))


@lru_cache(maxsize=2**14)
def counts_measurement(text: str) -> Measurement:
    """The reverse of `counts_json`; many measurements are the same.

    Raises:
        ValueError: These are no counts, or more are right than there are texts.
    """
    *lists, queries, summed_changed_shares, spec = json.loads(text)
    correct, totals, predicted, skipped, succeeded, failed = map(tuple, lists)
    outcomes, others = (skipped, succeeded, failed), (queries or 0, summed_changed_shares)
    for number in (*correct, *totals, *predicted, *sum(outcomes, ()), *others):
        if type(number) not in (int, float) or not 0 <= number < math.inf:
            raise ValueError(f"{number!r} is no count")
    if len({len(counts) for counts in (correct, totals, predicted, *outcomes)}) > 1:
        raise ValueError("counts are not of the same classes")
    if any(right > of for right, of in zip(correct, totals, strict=True)):
        raise ValueError("more texts are right than there are")
    attack = AttackOutcome(skipped, succeeded, failed, queries, summed_changed_shares)
    return Measurement(correct, totals, predicted, attack, spec)

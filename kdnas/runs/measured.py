"""Measurements on their way into the tables and back: predictions packed, counts made of them."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np

from kdnas.records import (
    NO_ATTACK,
    AttackOutcome,
    Fit,
    Measurement,
    TextOutcome,
    written,
)

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


_COUNTS = 9
"""Values of the counts of a measurement before its metric."""


MOST_CLASSES = 2**16
"""What `packed` can tell apart."""


@dataclass(frozen=True)
class SplitLabels:
    """What is known of the texts of a split.

    Attributes:
        labels: The class of every text, or its number, ``(texts,)``.
        classes: How many classes there are; 1 where labels are numbers.
        metric: What the task is scored by.
    """

    labels: np.ndarray
    classes: int
    metric: str = "accuracy"

    def __post_init__(self) -> None:
        if self.classes > MOST_CLASSES:  # an edited number would fill the memory
            raise ValueError(f"{self.classes} classes are more than {MOST_CLASSES}")


def packed(labels: Sequence[float], classes: int) -> bytes:
    r"""One class below `classes` for each text, in as few bytes as hold it.

    Where there is one class, labels are numbers, and each takes the four bytes of a float32.

    >>> packed((0, 1, 1), 2), packed((0.5,), 1)
    (b'\x00\x01\x01', b'\x00\x00\x00?')
    """
    return np.array(labels, dtype=_number(classes)).tobytes()


def unpacked(packed_labels: bytes, classes: int) -> np.ndarray:
    """The reverse of `packed`, ``(texts,)``, int64 or float64.

    Raises:
        ValueError: The length does not fit.
    """
    found = np.frombuffer(packed_labels, dtype=_number(classes))
    return found.astype(np.float64 if classes == 1 else np.int64)


def _number(classes: int) -> str:
    if classes == 1:
        return "<f4"
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
    """Count a measurement from the predictions of every text and the attacked texts.

    Raises:
        ValueError: There is not one class, or one finite number, predicted for each text.
    """
    predicted, classes = unpacked(predictions, split.classes), split.classes
    possible = np.isfinite(predicted) if classes == 1 else predicted < classes
    if len(predicted) != len(split.labels) or not possible.all():
        raise ValueError("there is not one prediction for each text that is possible")
    attack = AttackOutcome.of(texts, classes) if spec else NO_ATTACK
    return Measurement.of(
        split.labels, predicted, classes, metric=split.metric, attack=attack, spec=spec
    )


def counts_json(measurement: Measurement) -> str:
    """The counts of a measurement as JSON; metric and fit follow where they say something."""
    m, attack = measurement, measurement.attack
    by_class = (m.correct, m.totals, m.predicted, attack.skipped, attack.succeeded, attack.failed)
    values = [*by_class, attack.queries, attack.summed_changed_shares, m.spec]
    values += [] if m.metric == "accuracy" else [m.metric]
    values += [] if m.fit is None else [m.fit.pearson, m.fit.spearman]
    return json.dumps(values, separators=(",", ":"))


@lru_cache(maxsize=2**14)
def counts_measurement(text: str) -> Measurement:
    """The reverse of `counts_json`; many measurements are the same.

    Raises:
        ValueError: These are no counts, or more are right than there are texts.
    """
    *lists, queries, summed_changed_shares, spec = (values := json.loads(text))[:_COUNTS]
    metric, *fit = values[_COUNTS:] or ["accuracy"]
    correct, totals, predicted, skipped, succeeded, failed = map(tuple, lists)
    outcomes, others = (skipped, succeeded, failed), (queries or 0, summed_changed_shares)
    for number in (*correct, *totals, *predicted, *sum(outcomes, ()), *others):
        if type(number) not in (int, float) or not 0 <= number < math.inf:
            raise ValueError(f"{number!r} is no count")
    kinds = (correct, totals, predicted, *(outcomes if spec else ()))
    if len({len(counts) for counts in kinds}) > 1:
        raise ValueError("counts are not of the same classes")
    if fit and not all(type(value) is float and -1 <= value <= 1 for value in fit):
        raise ValueError(f"{fit} are no correlations")
    if any(right > of for right, of in zip(correct, totals, strict=True)):
        raise ValueError("more texts are right than there are")
    attack = AttackOutcome(skipped, succeeded, failed, queries, summed_changed_shares)
    return Measurement(correct, totals, predicted, attack, spec, metric, Fit(*fit) if fit else None)

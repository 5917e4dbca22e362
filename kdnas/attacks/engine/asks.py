"""What the attack on one text asks; the asks of many texts are answered together."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np


@dataclass(frozen=True)
class Score:
    """Asks for the logits of rows of the victim, in any batch."""

    rows: Sequence[Any]


@dataclass(frozen=True)
class SettleScores:
    """Asks for the logits of texts, in the batches that TextAttack sends."""

    texts: Sequence[str]


@dataclass(frozen=True)
class Compare:
    """Asks how similar windows are to a reference.

    Attributes:
        settled: Whether in the batch that TextAttack encodes; else in any.
    """

    reference: str
    windows: Sequence[str]
    settled: bool = False


Ask = Score | SettleScores | Compare

T = TypeVar("T")
Asking = Generator[Ask, np.ndarray, T]
"""Yields asks, is sent an array for each, and returns a T."""

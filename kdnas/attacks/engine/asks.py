"""What the attack on one text asks; the asks of many texts are answered together."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np


@dataclass(frozen=True)
class Score:
    """The logits of rows of the victim, in any batch."""

    rows: Sequence[Any]


@dataclass(frozen=True)
class Compare:
    """How similar windows are to a reference, in any batch."""

    reference: str
    windows: Sequence[str]


@dataclass(frozen=True)
class SettleScores:
    """The logits of texts, in the batches that TextAttack sends."""

    texts: Sequence[str]


@dataclass(frozen=True)
class SettleCompare:
    """How similar windows are to a reference, in the batch that TextAttack encodes."""

    reference: str
    windows: Sequence[str]


Ask = Score | Compare | SettleScores | SettleCompare

T = TypeVar("T")
Asking = Generator[Ask, np.ndarray, T]
"""Yields asks, is sent an array for each, and returns a T."""

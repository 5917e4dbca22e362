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
    """Asks how similar windows are to a reference, encoded in any batch.

    Attributes:
        exact: Whether by the encoder itself; else by its rough twin too, where that tells which
            windows pass.
    """

    reference: str
    windows: Sequence[str]
    exact: bool = False


@dataclass(frozen=True)
class SettleSimilarities:
    """Asks how similar windows are to a reference in the batch that TextAttack encodes."""

    reference: str
    windows: Sequence[str]


Ask = Score | SettleScores | Compare | SettleSimilarities

T = TypeVar("T")
Asking = Generator[Ask, np.ndarray, T]
"""Yields asks, is sent an array for each, and returns a T."""

"""How vectors of windows are compared: TextAttack's metrics, and how far a value may be off."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from kdnas.attacks.resources import MetricName

Doubt = Callable[[np.ndarray], np.ndarray]

MARGIN = 1e-5
"""Differences below it may come from the batch that a text was computed in."""

_COSINE_ERROR = 1e-6


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosines of the rows of (pairs, features) twice: (pairs,), float32.

    The operations of both metrics are TextAttack's, so that equal vectors give equal values.
    """
    return torch.nn.CosineSimilarity(dim=1)(torch.from_numpy(a), torch.from_numpy(b)).numpy()


def angular_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 - angle / pi of the rows of (pairs, features) twice: (pairs,), float32."""
    cosine = torch.from_numpy(cosine_similarity(a, b))
    return (1 - torch.acos(torch.clamp(cosine, -1.0, 1.0)) / math.pi).numpy()


def cosine_doubt(similarity: np.ndarray) -> np.ndarray:
    """How far a cosine may be off."""
    return np.full_like(similarity, MARGIN)


def angular_doubt(similarity: np.ndarray) -> np.ndarray:
    """How far a value may be off: the arc cosine magnifies errors of a cosine near 1."""
    angle = (1 - similarity) * math.pi
    off = np.sqrt(angle**2 + 2 * _COSINE_ERROR) - angle
    return np.maximum(off / math.pi, MARGIN)


@dataclass(frozen=True)
class VectorMetric:
    """A way to compare vectors.

    Attributes:
        similarity: Of the rows of (pairs, features) twice: (pairs,), float32.
        doubt: How far such a value may be off in another batch.
    """

    similarity: Callable[[np.ndarray, np.ndarray], np.ndarray]
    doubt: Doubt


VECTOR_METRICS: dict[MetricName, VectorMetric] = {
    "angular": VectorMetric(angular_similarity, angular_doubt),
    "cosine": VectorMetric(cosine_similarity, cosine_doubt),
}
"""The metrics of encoders, by TextAttack's names."""

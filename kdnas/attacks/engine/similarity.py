"""How similar sentence windows are, each distinct pair encoded once.

The value kept of a pair is what its windows gave in the batch that they were first encoded in;
another batch gives the last digits otherwise. Whoever decides by a value that lies within
its doubt of the limit asks for `settled` values, computed in TextAttack's own batch.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from kdnas.attacks.engine.pair_store import PairStore
from kdnas.attacks.resources import MetricName

Encode = Callable[[Sequence[str]], np.ndarray]
Doubt = Callable[[np.ndarray], np.ndarray]

MARGIN = 1e-5
"""Differences below it may come from the batch that a text was computed in."""

_COSINE_ERROR = 1e-6
_MOST_VECTORS = 16_384


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


class Similarities:
    """Similarities of windows, from the store or computed.

    Args:
        encode: Texts to vectors, (texts, features), float32.
        store: Where the values are kept.
        metric: How vectors are compared.

    Attributes:
        hits: Pairs found in the store.
        asked: Pairs computed.
    """

    def __init__(self, encode: Encode, store: PairStore, metric: MetricName) -> None:
        self._encode, self.store, self.metric = encode, store, VECTOR_METRICS[metric]
        self._vectors: dict[str, np.ndarray] = {}
        self.hits = self.asked = 0

    def known(self, reference: str, windows: Sequence[str]) -> np.ndarray:
        """Stored values of pairs with `reference`, (windows,); NaN where there is none."""
        found = [self.store.get(reference, window) for window in windows]
        self.hits += sum(value is not None for value in found)
        return np.array([math.nan if value is None else value for value in found])

    def compute(self, asked: Sequence[tuple[str, Sequence[str]]]) -> list[np.ndarray]:
        """The values of each reference with each of its windows; all are encoded together."""
        self._learn(list(dict.fromkeys(text for ref, windows in asked for text in (ref, *windows))))
        found = []
        for reference, windows in asked:
            vectors = np.stack([self._vectors[window] for window in windows])
            own = np.broadcast_to(self._vectors[reference], vectors.shape)
            values = self.metric.similarity(own.copy(), vectors)
            for window, value in zip(windows, values.tolist(), strict=True):
                self.store.put(reference, window, value)
            found.append(values.astype(np.float64))
            self.asked += len(windows)
        return found

    def settled(self, reference: str, windows: Sequence[str]) -> np.ndarray:
        """The values in the batch that TextAttack encodes, (windows,), float32."""
        vectors = self._encode([reference] * len(windows) + list(windows))
        return self.metric.similarity(vectors[: len(windows)], vectors[len(windows) :])

    def _learn(self, texts: Sequence[str]) -> None:
        """Have the vectors of `texts` at hand; older ones go where there are too many."""
        new = [text for text in texts if text not in self._vectors]
        if len(self._vectors) + len(new) > _MOST_VECTORS:
            kept = {text: self._vectors[text] for text in texts if text in self._vectors}
            self._vectors = kept
        if new:
            self._vectors.update(zip(new, self._encode(new), strict=True))

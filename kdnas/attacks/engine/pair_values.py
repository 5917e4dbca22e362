"""Similarities of pairs of windows by one encoder, each distinct pair computed once."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from kdnas.attacks.engine.metrics import VectorMetric
from kdnas.attacks.engine.pair_store import PairStore

Encode = Callable[[Sequence[str]], np.ndarray]

Pairs = tuple[str, Sequence[str]]
"""A reference and the windows that are compared with it."""

_MOST_VECTORS = 16_384


class PairValues:
    """Similarities from the store or computed.

    The value kept of a pair is what its windows gave in the batch that they were first encoded in;
    another batch gives the last digits otherwise.

    Args:
        encode: Texts to vectors, (texts, features), float32.
        store: Where the values are kept.
        metric: How vectors are compared.

    Attributes:
        computed: Pairs that the store did not have.
    """

    def __init__(self, encode: Encode, store: PairStore, metric: VectorMetric) -> None:
        self._encode, self.store, self._metric = encode, store, metric
        self._vectors: dict[str, np.ndarray] = {}
        self.computed = 0

    def known(self, reference: str, windows: Sequence[str]) -> np.ndarray:
        """Stored values of pairs with `reference`, (windows,); NaN where there is none."""
        found = [self.store.get(reference, window) for window in windows]
        return np.array([math.nan if value is None else value for value in found])

    def of(self, asked: Sequence[Pairs]) -> list[np.ndarray]:
        """The values of each reference with each of its windows, (windows,).

        What is not known is encoded together.
        """
        found = [self.known(reference, windows) for reference, windows in asked]
        new = [
            (reference, [windows[k] for k in np.flatnonzero(np.isnan(values)).tolist()])
            for (reference, windows), values in zip(asked, found, strict=True)
        ]
        self._learn([text for ref, windows in new if windows for text in (ref, *windows)])
        for (reference, windows), values in zip(new, found, strict=True):
            if windows:
                values[np.isnan(values)] = self._computed(reference, windows)
        return found

    def _computed(self, reference: str, windows: Sequence[str]) -> np.ndarray:
        vectors = np.stack([self._vectors[window] for window in windows])
        own = np.broadcast_to(self._vectors[reference], vectors.shape)
        values = self._metric.similarity(own.copy(), vectors)
        for window, value in zip(windows, values.tolist(), strict=True):
            self.store.put(reference, window, value)
        self.computed += len(windows)
        return values

    def _learn(self, texts: Sequence[str]) -> None:
        """Have the vectors of `texts` at hand; older ones go where there are too many."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if len(self._vectors) + len(new) > _MOST_VECTORS:
            kept = {text: self._vectors[text] for text in texts if text in self._vectors}
            self._vectors = kept
        if new:
            self._vectors.update(zip(new, self._encode(new), strict=True))

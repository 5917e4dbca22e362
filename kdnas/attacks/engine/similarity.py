"""How similar sentence windows are, as exactly as it takes.

There are up to three answers: that of the rough encoder where the machine has one, which is quick;
that of the encoder itself in any batch; and that of the batch that TextAttack encodes, which
decides. The next is asked for where the last one lies within its doubt of what it is compared with.
"""

from collections.abc import Sequence

import numpy as np

from kdnas.attacks.engine.asks import Compare
from kdnas.attacks.engine.metrics import VECTOR_METRICS
from kdnas.attacks.engine.pair_store import PairStore
from kdnas.attacks.engine.pair_values import Encode, PairValues
from kdnas.attacks.resources import MetricName, RoughEncoder


class Similarities:
    """Similarities of windows by one encoder and, where it has one, its rough twin.

    Values of the two are stored apart, and rough ones serve only where a machine has the twin.

    Args:
        encode: Texts to vectors, (texts, features), float32.
        metric: How vectors are compared.
        threshold: The least similarity that passes.
        store: Where the encoder's values are kept.
        rough: The twin with the store of its values.

    Attributes:
        metric: How vectors are compared.
        threshold: The least similarity that passes.
        hits: Pairs found in a store.
    """

    def __init__(
        self,
        encode: Encode,
        metric: MetricName,
        threshold: float,
        store: PairStore,
        rough: tuple[RoughEncoder, PairStore] | None = None,
    ) -> None:
        self._encode, self.metric = encode, VECTOR_METRICS[metric]
        self.threshold = threshold
        self._exact = PairValues(encode, store, self.metric)
        self._rough, self._margin = None, 0.0
        if rough is not None:
            self._rough = PairValues(rough[0].encode, rough[1], self.metric)
            self._margin = rough[0].margin
        self.hits = 0

    @property
    def kept(self) -> int:
        """Values in memory, of both encoders."""
        return len(self._exact.store) + (len(self._rough.store) if self._rough else 0)

    @property
    def rough(self) -> bool:
        """Whether a quicker encoder is asked first."""
        return self._rough is not None

    @property
    def asked(self) -> int:
        """Pairs computed, by either encoder."""
        return self._exact.computed + (self._rough.computed if self._rough else 0)

    def doubt(self, similarity: np.ndarray) -> np.ndarray:
        """How far a value of `known` or `compute` may be off."""
        return np.maximum(self.metric.doubt(similarity), self._margin)

    def known(self, reference: str, windows: Sequence[str]) -> np.ndarray:
        """Stored values of pairs with `reference`, (windows,).

        NaN where there is none, or only a rough one too close to the threshold.
        """
        values = self._exact.known(reference, windows)
        unknown = np.flatnonzero(np.isnan(values)).tolist()
        if self._rough and unknown:
            rough = self._rough.known(reference, [windows[k] for k in unknown])
            values[unknown] = np.where(self._clear(rough), rough, np.nan)
        self.hits += int((~np.isnan(values)).sum())
        return values

    def compute(self, asked: Sequence[Compare]) -> list[np.ndarray]:
        """The values that are asked for; all are encoded together."""
        if self._rough is None:
            return self._exact.of([(ask.reference, ask.windows) for ask in asked])
        rough = iter(self._rough.of([(a.reference, a.windows) for a in asked if not a.exact]))
        found = [np.full(len(a.windows), np.nan) if a.exact else next(rough) for a in asked]
        unclear = [np.flatnonzero(~self._clear(values)).tolist() for values in found]
        pairs = [
            (ask.reference, [ask.windows[k] for k in index])
            for ask, index in zip(asked, unclear, strict=True)
        ]
        for values, index, own in zip(found, unclear, self._exact.of(pairs), strict=True):
            values[index] = own
        return found

    def near(self, values: np.ndarray) -> np.ndarray:
        """Mark values of `known` or `compute` too near the threshold to tell whether they pass.

        NaN is none of them.
        """
        return np.abs(values - self.threshold) <= self.metric.doubt(np.minimum(values, 1.0))

    def _clear(self, values: np.ndarray) -> np.ndarray:
        """Which rough values tell whether a window passes; NaN tells nothing."""
        return np.abs(values - self.threshold) > self.doubt(np.minimum(values, 1.0))

    def settled(self, reference: str, windows: Sequence[str]) -> np.ndarray:
        """The values in the batch that TextAttack encodes, (windows,), float32."""
        vectors = self._encode([reference] * len(windows) + list(windows))
        return self.metric.similarity(vectors[: len(windows)], vectors[len(windows) :])

    def sync(self) -> None:
        """Exchange values with other processes."""
        self._exact.store.sync()
        if self._rough:
            self._rough.store.sync()

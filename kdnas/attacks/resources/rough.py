"""A sentence encoder's quick twin, which says roughly what it says: MiniLM in bfloat16.

It pays where the processor computes in bfloat16 (AVX512_BF16, AMX); elsewhere it is slower. Whether
it does, and whether it is as near as it has to be, is tried when the encoder is loaded.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from kdnas.attacks.resources.encoder import MiniLM

Encode = Callable[[Sequence[str]], np.ndarray]

MARGIN = 0.004
"""More than twice the largest difference of a similarity: 0.00175 among 148,987 pairs of windows of
SST-2 and AG News that differ in a word; four pairs had more than 0.0015."""

LEAST_GAIN = 1.2
"""How many times as fast the twin has to be."""

_TRIALS = 3
_SENTENCES = (
    "a {} film that never quite finds the heart of the story it wants to tell",
    "the company said on Monday that its {} results were far below what analysts had expected",
    "it takes a {} cast and a sharp script to keep such a tale alive for two hours",
    "officials in the capital called the {} vote a step towards peace after years of war",
    "there is little to laugh at in this {} comedy, which is neither clever nor kind",
    "researchers have built a {} chip that uses half the power of those in use today",
    "the {} coach praised his team after the second win in a row at home",
    "few directors would have dared to make such a {} picture with so small a budget",
    "shares of the {} airline fell by nine percent after a warning about the price of oil",
    "the {} performance of its two leads is the only thing to remember of the evening",
)
_WORDS = ("good", "great", "new", "weak", "strange", "final", "recent")
PROBES = tuple(tuple(sentence.format(word) for word in _WORDS) for sentence in _SENTENCES)
"""Windows on which a twin is tried, ten times seven that differ in a word."""


@dataclass(frozen=True)
class RoughEncoder:
    """An encoder's twin that is quicker and less exact.

    Attributes:
        name: Of its kind; its similarities are kept under it.
        encode: Texts to vectors, (texts, features), float32.
        margin: How far a similarity may be off the encoder's.
    """

    name: str
    encode: Encode
    margin: float


def bfloat16_twin(encoder: MiniLM) -> RoughEncoder:
    """The twin, whether it pays or not."""
    return RoughEncoder("bfloat16", encoder.in_bfloat16(), MARGIN)


def rough_twin(encoder: MiniLM) -> RoughEncoder | None:
    """The twin, where it pays on this machine and keeps to half its margin on 210 pairs."""
    twin = bfloat16_twin(encoder)
    if not pays(encoder, twin.encode):
        return None
    return twin if largest_difference(encoder, twin.encode) <= twin.margin / 2 else None


def pays(own: Encode, rough: Encode) -> bool:
    """Whether the second encoder is the quicker one by `LEAST_GAIN`, each at its best."""
    few = [windows[0] for windows in PROBES]
    times = [[_seconds(encode, few) for encode in (own, rough)] for _ in range(_TRIALS)]
    quickest = np.min(times, axis=0)
    return bool(quickest[0] >= LEAST_GAIN * quickest[1])


def largest_difference(own: Encode, rough: Encode) -> float:
    """Return the most by which two encoders' angular similarities of the probes differ."""
    windows = [window for group in PROBES for window in group]
    return float(np.abs(_similarities(own(windows)) - _similarities(rough(windows))).max())


def _similarities(vectors: np.ndarray) -> np.ndarray:
    """1 - angle / pi of all pairs in a group, (pairs,), float64."""
    units = vectors.astype(np.float64) / np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = units.reshape(len(PROBES), len(_WORDS), -1)
    a, b = np.array([*combinations(range(len(_WORDS)), 2)]).T
    cosines = (groups[:, a] * groups[:, b]).sum(axis=2)
    return 1 - np.arccos(np.clip(cosines, -1, 1)).ravel() / np.pi


def _seconds(encode: Encode, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    encode(texts)
    return time.perf_counter() - start

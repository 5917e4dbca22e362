"""Word vectors; the offline ones join meaning from a sentence encoder with company from GloVe.

GloVe alone takes opposites and companions for neighbours ("undercut -> bolstered"), so that every
attack succeeds and the score means nothing; joined with each word's MiniLM encoding the swaps keep
their meaning ("funny -> hilarious").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from kdnas.attacks.resources.cosines import StoredCosines
from kdnas.attacks.resources.encoder import Encoder
from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.offline import expected_hash, offline_path

GLOVE_SHARE = 0.7
NEIGHBOURS = 50

_DOUBT = 1e-5
"""How far a cosine may be off in other operations."""


@dataclass(frozen=True)
class WordVectors:
    """Vectors of words and the neighbours of each.

    Attributes:
        identity: What no other vectors have; plans are kept under it.
        words: The vocabulary.
        matrix: (words, features).
        neighbours: (words, 51 or so): the word itself, then its nearest by cosine, nearest first.
        stored: Cosines that decide where they are stored; None where none are.
    """

    identity: str
    words: tuple[str, ...]
    matrix: np.ndarray
    neighbours: np.ndarray
    stored: StoredCosines | None = None

    def within(self, floor: float, row: int, others: Sequence[int]) -> list[bool]:
        """Whether the cosine of a word with each of `others` is at least `floor`.

        All cosines are computed at once; those too close to tell by TextAttack's own operation. A
        stored one decides by itself.
        """
        vectors = self.matrix[[row, *others]].astype(np.float64)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        gaps = (vectors[1:] @ vectors[0] - floor).tolist()
        return [
            self._decided(floor, row, other, gap) for other, gap in zip(others, gaps, strict=True)
        ]

    def _decided(self, floor: float, row: int, other: int, gap: float) -> bool:
        stored = None if self.stored is None else self.stored.get(row, other)
        if stored is not None:
            return stored >= floor
        return gap > 0 if abs(gap) > _DOUBT else self._cosine(row, other) >= floor

    def _cosine(self, a: int, b: int) -> float:
        first, second = (torch.from_numpy(self.matrix[row]) for row in sorted((a, b)))
        return float(torch.nn.CosineSimilarity(dim=0)(first, second))


NO_VECTORS = WordVectors("none", ("a",), np.ones((1, 1), np.float32), np.zeros((1, 1), np.int64))
"""The vector of one word, for recipes that need none."""


def offline_vectors(vocabulary: int, encoder: Encoder) -> WordVectors:
    """The joined vectors of the most frequent alphabetic GloVe words; built once and kept.

    Args:
        vocabulary: Number of words.
        encoder: Tells their meaning.

    Raises:
        UserError: The offline extra is missing.
    """
    rows, words = _alphabetic_words(vocabulary)
    name = fingerprint(
        encoder=encoder.identity, glove=expected_hash("glove_vectors"), words=vocabulary,
        share=GLOVE_SHARE, neighbours=NEIGHBOURS,
    )  # fmt: skip

    def compute() -> Arrays:
        glove = np.load(offline_path("glove_vectors"), mmap_mode="r", allow_pickle=False)[rows]
        meaning = _centred_units(encoder(words))
        matrix = np.hstack([meaning, GLOVE_SHARE * _centred_units(glove)]).astype(np.float32)
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
        return {"matrix": matrix, "neighbours": nearest_neighbours(matrix, NEIGHBOURS)}

    arrays = cached_arrays(f"vectors-{name}", compute)
    return WordVectors(name, words, arrays["matrix"], arrays["neighbours"])


def nearest_neighbours(matrix: np.ndarray, count: int) -> np.ndarray:
    """Each row's own index, then its `count` nearest rows by dot product, nearest first.

    Args:
        matrix: Unit rows, (rows, features).
        count: Neighbours per row.

    Returns:
        (rows, count + 1), int32.
    """
    vectors = torch.from_numpy(matrix)
    found = []
    for start in range(0, len(matrix), 2048):
        scores = vectors[start : start + 2048] @ vectors.T
        own = torch.arange(len(scores))
        scores[own, own + start] = torch.inf
        found.append(scores.topk(min(count + 1, len(matrix)), dim=1).indices)
    return torch.cat(found).numpy().astype(np.int32)


def _alphabetic_words(count: int) -> tuple[list[int], tuple[str, ...]]:
    """Rows and words of the first `count` GloVe words that are letters only."""
    from pyarrow import parquet

    listed = parquet.read_table(offline_path("glove_words"))["index"].to_pylist()
    chosen = [(row, word) for row, word in enumerate(listed) if word.isascii() and word.isalpha()]
    rows, words = zip(*chosen[:count], strict=True)
    return list(rows), words


def _centred_units(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)

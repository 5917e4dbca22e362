"""The embedding of a student, tables that start from the teacher's, and training on few rows."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.cache import Arrays
from kdnas.space import NetworkShape

TABLE_SCALE = 0.5
"""Standard deviation of started tables. The layer norm that follows removes the scale, but a table
of the usual 0.02 would be overwritten within a few steps at the learning rate of distillation."""


class Embedding(nn.Module):
    """Word + position + segment, layer norm, dropout, as in BERT but W wide."""

    def __init__(self, shape: NetworkShape, width: int, dropout: float) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, width)
        self.positions = nn.Embedding(shape.positions, width)
        self.segments = nn.Embedding(shape.segments, width)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        for table in (self.words, self.positions, self.segments):
            nn.init.normal_(table.weight, std=0.02)

    def forward(self, ids: Tensor, segments: Tensor | None = None) -> Tensor:
        """(batch, length) -> (batch, length, W)."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        if segments is None:
            return self.dropout(self.norm(x + self.segments.weight[0]))
        # A teacher's tokenizer may number more segments; students are trained on the first.
        x = x + self.segments(segments.where(segments < len(self.segments.weight), 0))
        return self.dropout(self.norm(x))


def initial_tables(words: np.ndarray, positions: np.ndarray | None, width: int) -> Arrays:
    """Word and position tables of a student, projected from the teacher's.

    The word table is centred and projected on its first min(width, teacher width) principal
    components; further columns are drawn at the same scale; the whole is scaled to a standard
    deviation of `TABLE_SCALE`. The positions go through the same projection and scale.

    Args:
        words: The teacher's word table, (vocabulary, teacher width).
        positions: Its position table, (positions, teacher width); None where it has none.
        width: The student's hidden width.

    Returns:
        `words` (vocabulary, width) and, of a table, `positions` (positions, width), float32.
    """
    centred = words.astype(np.float64) - words.mean(axis=0, dtype=np.float64)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    basis = vectors[:, ::-1][:, :width]
    basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(basis.shape[1])])
    rng = np.random.default_rng(width)

    def project(table: np.ndarray) -> np.ndarray:
        kept = (table - table.mean(axis=0)) @ basis
        drawn = rng.normal(0.0, kept.std(), (len(table), width - kept.shape[1]))
        return np.concatenate([kept, drawn], axis=1)

    projected = project(words.astype(np.float64))
    scale = TABLE_SCALE / projected.std()
    tables = {"words": (projected * scale).astype(np.float32)}
    if positions is not None:
        placed = project(positions.astype(np.float64)) * scale
        tables["positions"] = placed.astype(np.float32)
    return tables


def load_tables(embedding: Embedding, tables: Arrays) -> None:
    """Copy started tables into `embedding`; what is beyond them keeps its random start."""
    with torch.no_grad():
        started = {"words": embedding.words, "positions": embedding.positions}
        for name, table in tables.items():
            weight = started[name].weight
            rows = min(len(table), len(weight))
            weight[:rows] = torch.from_numpy(table[:rows]).to(weight)


@contextmanager
def only_rows_of(embedding: Embedding, ids: np.ndarray) -> Iterator[np.ndarray]:
    """Inside the context the tables of `embedding` have only the rows that `ids` needs.

    Training that leaves rows without a gradient as they are, so without weight decay on the
    tables, gives the numbers of the whole tables: the moments of such rows stay 0.

    Args:
        embedding: Its tables are whole again, with the trained rows, when the context ends.
        ids: Token ids of all texts, padding included, (texts, longest).

    Yields:
        The same texts as rows of the smaller word table, (texts, longest).
    """
    words, positions = embedding.words.weight, embedding.positions.weight
    used = np.bincount(ids.ravel(), minlength=len(words)) > 0
    kept = torch.from_numpy(np.flatnonzero(used)).to(words.device)
    embedding.words.weight = nn.Parameter(words.detach()[kept])
    embedding.positions.weight = nn.Parameter(positions.detach()[: ids.shape[1]].clone())
    try:
        yield (np.cumsum(used, dtype=ids.dtype) - 1)[ids]
    finally:
        with torch.no_grad():
            words[kept] = embedding.words.weight
            positions[: ids.shape[1]] = embedding.positions.weight
        embedding.words.weight, embedding.positions.weight = words, positions

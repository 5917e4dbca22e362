"""The nearest texts of a pool that nobody has labelled, by a sentence encoder."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from kdnas.attacks.resources import Encoder
from kdnas.errors import UserError

_ROWS = 1024
"""Texts that are compared with the whole pool at a time."""


def nearest_texts(
    texts: Sequence[str], pool: Sequence[str], encoder: Encoder, count: int
) -> tuple[str, ...]:
    """The nearest of a pool by cosine, of the first text nearest first, then of the second.

    A text is no neighbour of its own, whatever its capitals.

    Args:
        texts: Whose neighbours are found.
        pool: Where.
        encoder: What nearness is of.
        count: Neighbours of each.

    Raises:
        UserError: The pool has too few.
    """
    if len(pool) <= count:
        raise UserError(f"{count} neighbours are asked of {len(pool)} texts: use a larger pool")
    near, own = _units(encoder(list(pool))), _units(encoder(list(texts)))
    place = {text.casefold(): i for i, text in enumerate(pool)}
    found: list[str] = []
    for start in range(0, len(texts), _ROWS):
        cosines = own[start : start + _ROWS] @ near.T
        for i, text in enumerate(texts[start : start + _ROWS]):
            if text.casefold() in place:
                cosines[i, place[text.casefold()]] = -torch.inf
        indices = cosines.topk(count, dim=1).indices
        found += [pool[k] for row in indices.tolist() for k in row]
    return tuple(found)


def _units(vectors: np.ndarray) -> torch.Tensor:
    return F.normalize(torch.from_numpy(vectors), dim=1)

"""Encoded texts and the batches that an epoch goes through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

POOL = 50
"""Batches that are drawn together and sorted by length: random order, yet little padding."""


@dataclass(frozen=True)
class EncodedTexts:
    """Token ids of many texts.

    Attributes:
        ids: Padded to the longest, (texts, longest), int32.
        lengths: Tokens of each text, (texts,).
    """

    ids: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True)
class Batch:
    """Some texts on a device: ids and mask (batch, length), positions in the split (batch,)."""

    ids: Tensor
    mask: Tensor
    index: Tensor


def encode(tokenizer: Any, texts: Sequence[str], max_length: int) -> EncodedTexts:
    """Token ids of `texts` with the special tokens, cut at `max_length` tokens."""
    rows = tokenizer(list(texts), truncation=True, max_length=max_length)["input_ids"]
    return padded(rows, tokenizer.pad_token_id)


def padded(rows: Sequence[Sequence[int]], pad: int) -> EncodedTexts:
    """Token ids of each text, filled up with `pad`; no network reads a text without a token."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    if not lengths.all():
        return padded([row or [pad] for row in rows], pad)
    ids = np.full((len(rows), int(lengths.max(initial=1))), pad, np.int32)
    ids[np.arange(ids.shape[1]) < lengths[:, None]] = np.fromiter(chain(*rows), np.int32)
    return EncodedTexts(ids, lengths)


def take(texts: EncodedTexts, index: np.ndarray, device: torch.device) -> Batch:
    """The texts at `index` as one batch, padded to the longest of them."""
    longest = int(texts.lengths[index].max())
    ids = torch.from_numpy(texts.ids[index, :longest].astype(np.int64)).to(device)
    lengths = torch.from_numpy(texts.lengths[index]).to(device)
    mask = torch.arange(longest, device=device) < lengths[:, None]
    return Batch(ids, mask, torch.from_numpy(index).to(device))


def epoch_plan(
    lengths: np.ndarray, batch_size: int, epochs: int, rng: np.random.Generator
) -> list[list[np.ndarray]]:
    """The batches of every epoch as index arrays: shuffled, texts of similar length together.

    Every text occurs once an epoch.
    """
    return [list(_epoch(lengths, batch_size, rng)) for _ in range(epochs)]


def first_steps(plan: Sequence[Sequence[np.ndarray]], share: float) -> list[list[np.ndarray]]:
    """The first batches of a plan: a share of them all, and one at least."""
    left, kept = max(round(share * sum(map(len, plan))), 1), []
    for batches in plan:
        if left > 0:
            kept.append(list(batches[:left]))
        left -= len(batches)
    return kept


def _epoch(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    order = rng.permutation(len(lengths))
    pools = [order[i : i + POOL * batch_size] for i in range(0, len(order), POOL * batch_size)]
    ordered = np.concatenate([pool[np.argsort(lengths[pool], kind="stable")] for pool in pools])
    batches = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    for i in rng.permutation(len(batches)):
        yield batches[i]

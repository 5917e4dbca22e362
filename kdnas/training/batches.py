"""Encoded texts and the batches that an epoch goes through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from kdnas.records import Text

POOL = 50
"""Batches that are drawn together and sorted by length: random order, yet little padding."""


class Row(NamedTuple):
    """The tokens of one text.

    Attributes:
        ids: Their ids, special tokens included.
        segments: The segment of each, as the tokenizer numbers them; None where all are of the
            first, as those of a single text mostly are.
    """

    ids: list[int]
    segments: list[int] | None = None


@dataclass(frozen=True)
class EncodedTexts:
    """Tokens of many texts.

    Attributes:
        ids: Padded to the longest, (texts, longest), int32.
        lengths: Tokens of each text, (texts,).
        segments: Of the tokens, 0 where padding is, (texts, longest), uint8; None where all are of
            the first segment.
    """

    ids: np.ndarray
    lengths: np.ndarray
    segments: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, some: slice | np.ndarray) -> "EncodedTexts":
        """A part of the texts, padded as before."""
        segments = None if self.segments is None else self.segments[some]
        return EncodedTexts(self.ids[some], self.lengths[some], segments)


@dataclass(frozen=True)
class Batch:
    """Some texts on a device.

    Attributes:
        ids: Padded on the right to the longest of them, (batch, length).
        mask: True at real tokens, (batch, length).
        index: Positions of the texts in their split, (batch,).
        segments: Of the tokens, (batch, length); None where all are of the first segment.
    """

    ids: Tensor
    mask: Tensor
    index: Tensor
    segments: Tensor | None = None


def rows_of(tokenizer: Any, texts: Sequence[Text], max_length: int) -> list[Row]:
    """The tokens of `texts` with the special ones, cut at `max_length`.

    Of a pair that is too long the longer string gives way, token by token. All texts are single, or
    all are pairs.
    """
    if not texts:
        return []
    columns = zip(*texts, strict=True) if isinstance(texts[0], tuple) else [texts]
    found = tokenizer(*map(list, columns), truncation=True, max_length=max_length)
    segments = found.get("token_type_ids") or [[]] * len(texts)
    return [
        Row(ids, own if any(own) else None)
        for ids, own in zip(found["input_ids"], segments, strict=True)
    ]


def encode(tokenizer: Any, texts: Sequence[Text], max_length: int) -> EncodedTexts:
    """The tokens of `texts`, as `rows_of` finds them, filled up to one length."""
    return padded(rows_of(tokenizer, texts, max_length), tokenizer.pad_token_id)


def padded(rows: Sequence[Row], pad: int) -> EncodedTexts:
    """The tokens of each text, filled up with `pad`; no network reads a text without a token."""
    lengths = np.fromiter((len(row.ids) for row in rows), np.int64, len(rows))
    if not lengths.all():
        return padded([row if row.ids else Row([pad]) for row in rows], pad)
    ids = np.full((len(rows), int(lengths.max(initial=1))), pad, np.int32)
    places = np.arange(ids.shape[1]) < lengths[:, None]
    ids[places] = np.fromiter(chain.from_iterable(row.ids for row in rows), np.int32)
    if all(row.segments is None for row in rows):
        return EncodedTexts(ids, lengths)
    segments = np.zeros(ids.shape, np.uint8)
    own = (row.segments or [0] * len(row.ids) for row in rows)
    segments[places] = np.fromiter(chain.from_iterable(own), np.uint8)
    return EncodedTexts(ids, lengths, segments)


def take(texts: EncodedTexts, index: np.ndarray, device: torch.device) -> Batch:
    """The texts at `index` as one batch, padded to the longest of them."""
    longest = int(texts.lengths[index].max())

    def part(of: np.ndarray) -> Tensor:
        return torch.from_numpy(of[index, :longest].astype(np.int64)).to(device)

    lengths = torch.from_numpy(texts.lengths[index]).to(device)
    mask = torch.arange(longest, device=device) < lengths[:, None]
    segments = None if texts.segments is None else part(texts.segments)
    return Batch(part(texts.ids), mask, torch.from_numpy(index).to(device), segments)


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

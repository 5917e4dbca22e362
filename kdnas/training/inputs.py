"""How a transformer reads texts: where its padding stands, and the segments of its tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

_PROBES = "a", "a good film that is long enough to leave the other one padded"
_ROUNDING = 1e-5


@dataclass(frozen=True)
class Inputs:
    """What turns batches, which are padded on the right, into what a model was trained on.

    Attributes:
        left: Whether the padding of the model stands on the left.
        segments: The segment of each token id that has another one than 0.
    """

    left: bool = False
    segments: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, tokenizer: Any, model: Any) -> Self:
        """How `model` reads what `tokenizer` makes.

        The padding stands where it changes nothing, on the tokenizer's side unless the other one is
        better: XLNet reads its class off the last place and knows distances only, GPT-2 counts
        places from the left.
        """
        probes = [tokenizer(text) for text in _PROBES]
        segments = {
            token: segment
            for probe in probes
            for token, segment in zip(
                probe["input_ids"], probe.get("token_type_ids") or (), strict=False
            )
            if segment
        }
        own = cls(tokenizer.padding_side == "left", segments)
        other = cls(not own.left, segments)
        rows = [probe["input_ids"] for probe in probes]
        errors = [
            _error_of_padding(model, each, rows, tokenizer.pad_token_id) for each in (own, other)
        ]
        return own if errors[0] <= max(_ROUNDING, 10 * errors[1]) else other

    def __call__(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """The keyword arguments of the model for ids and mask, both (batch, length)."""
        if self.left:
            ids, mask = (_rolled(each, mask, 1) for each in (ids, mask))
        found = {"input_ids": ids, "attention_mask": mask.long()}
        if self.segments:
            segments = torch.zeros_like(ids)
            for token, segment in self.segments.items():
                segments[ids == token] = segment
            found["token_type_ids"] = segments
        return found

    def back(self, states: Tensor, mask: Tensor) -> Tensor:
        """States (batch, length, width) at the places of `mask`, which is padded on the right."""
        return _rolled(states, mask, -1) if self.left else states


PLAIN = Inputs()
"""Padded on the right, no segments: how students read, and BERT."""


def _rolled(x: Tensor, mask: Tensor, way: int) -> Tensor:
    """Every row moved by the length of its padding, to the right or (`way` -1) back."""
    length = mask.shape[1]
    padding = length - mask.sum(dim=1, keepdim=True)
    places = (torch.arange(length, device=mask.device) - way * padding) % length
    return x[torch.arange(len(x), device=x.device).unsqueeze(1), places]


def _error_of_padding(model: Any, inputs: Inputs, rows: list[list[int]], pad: int) -> float:
    """How far the logits of the first, shorter row are off where it is padded."""
    short, long = (torch.tensor([row], device=model.device) for row in rows)
    filled = torch.full_like(long, pad)
    filled[:, : short.shape[1]] = short
    lengths = torch.tensor([[short.shape[1]], [long.shape[1]]], device=model.device)
    mask = torch.arange(long.shape[1], device=model.device) < lengths
    trains = model.training
    model.eval()
    with torch.no_grad():
        alone = model(**inputs(short, torch.ones_like(short, dtype=torch.bool))).logits[0]
        padded = model(**inputs(torch.cat([filled, long]), mask)).logits[0]
    model.train(trains)
    return float((alone - padded).abs().max())

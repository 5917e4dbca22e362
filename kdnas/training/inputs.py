"""How a transformer reads texts: where padding stands, segments, which token stands for a text."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import signature
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.modeling_outputs import SequenceClassifierOutput

_PROBES = "a", "a good film that is long enough to leave the other one padded"
_ROUNDING, _LEAST_LEAK = 1e-5, 1e-3
"""Shares of an output that may differ, and that only text which is no text makes differ."""


@dataclass(frozen=True)
class Inputs:
    """What turns batches, which are padded on the right, into what a model was trained on.

    Attributes:
        left: Whether the padding of the model stands on the left.
        segments: The segment of each token id that has another one than 0.
        alone: Whether the model reads padding as text (FNet takes no mask, ConvBERT convolves
            over it), so that only texts of one length can be read together.
        last: Whether the state of the last token stands for a text, and not that of the first.
    """

    left: bool = False
    segments: Mapping[int, int] = field(default_factory=dict)
    alone: bool = False
    last: bool = False

    @classmethod
    def of(cls, tokenizer: Any, model: Any) -> Self:
        """How `model` reads what `tokenizer` makes.

        The padding stands where it changes nothing, on the tokenizer's side unless the other one is
        better: XLNet reads its class off the last place and knows distances only, GPT-2 counts
        places from the left. The last token stands for a text where the first does not see it
        (GPT-2), and where padding must stand on the left of it (XLNet).
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
        rows = [probe["input_ids"] for probe in probes]
        found = cls._by_padding(tokenizer, model, rows, segments)
        others = set(range(len(tokenizer))) - {*tokenizer.all_special_ids, rows[1][1]}
        return replace(
            found, last=found.left or not _first_sees(model, found, rows[1], min(others))
        )

    @classmethod
    def _by_padding(
        cls, tokenizer: Any, model: Any, rows: list[list[int]], segments: Mapping[int, int]
    ) -> Self:
        if "attention_mask" not in signature(model.forward).parameters:
            return cls(segments=segments, alone=True)
        own = cls(tokenizer.padding_side == "left", segments)
        other = cls(not own.left, segments)
        errors = [
            _error_of_padding(model, each, rows, tokenizer.pad_token_id) for each in (own, other)
        ]
        if min(errors) > _LEAST_LEAK:
            return cls(segments=segments, alone=True)
        return own if errors[0] <= max(_ROUNDING, 10 * errors[1]) else other

    def read(self, model: Any, ids: Tensor, mask: Tensor, **asked: bool) -> Any:
        """What `model` returns for ids and mask, both (batch, length).

        Hidden states of tokens stand where the mask, which is padded on the right, has them.
        """
        if self.alone:
            return self._read_by_length(model, ids, mask, **asked)
        out = model(**self._arguments(ids, mask), **asked)
        if self.left and out.get("hidden_states") is not None:
            out.hidden_states = tuple(_rolled(each, mask, -1) for each in out.hidden_states)
        return out

    def summary(self, states: Tensor, mask: Tensor) -> Tensor:
        """The state that stands for each text, (batch, width), of those that `read` returns."""
        if not self.last:
            return states[:, 0]
        return states[torch.arange(len(states), device=states.device), mask.sum(dim=1) - 1]

    def _read_by_length(self, model: Any, ids: Tensor, mask: Tensor, **asked: bool) -> Any:
        lengths = mask.sum(dim=1)
        rows = [(lengths == n).nonzero().flatten() for n in lengths.unique()]
        outs = []
        for some in rows:
            arguments = self._arguments(ids[some, : lengths[some[0]]], mask[some])
            arguments.pop("attention_mask")
            outs.append(model(**arguments, **asked))
        order = torch.cat(rows).argsort()
        states: Any = None
        if outs[0].get("hidden_states") is not None:
            padded = ([_to_length(s, ids.shape[1]) for s in out.hidden_states] for out in outs)
            states = tuple(torch.cat(layer)[order] for layer in zip(*padded, strict=True))
        logits: Any = torch.cat([out.logits for out in outs])[order]
        return SequenceClassifierOutput(logits=logits, hidden_states=states)

    def _arguments(self, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
        if self.left:
            ids, mask = (_rolled(each, mask, 1) for each in (ids, mask))
        found = {"input_ids": ids, "attention_mask": mask.long()}
        if self.segments:
            segments = torch.zeros_like(ids)
            for token, segment in self.segments.items():
                segments[ids == token] = segment
            found["token_type_ids"] = segments
        return found


PLAIN = Inputs()
"""Padded on the right, no segments: how students read, and BERT."""


def _rolled(x: Tensor, mask: Tensor, way: int) -> Tensor:
    """Every row moved by the length of its padding, to the right or (`way` -1) back."""
    length = mask.shape[1]
    padding = length - mask.sum(dim=1, keepdim=True)
    places = (torch.arange(length, device=mask.device) - way * padding) % length
    return x[torch.arange(len(x), device=x.device).unsqueeze(1), places]


def _to_length(states: Tensor, length: int) -> Tensor:
    return F.pad(states, (0, 0, 0, length - states.shape[1]))


def _error_of_padding(model: Any, inputs: Inputs, rows: list[list[int]], pad: int) -> float:
    """How far the logits of the first, shorter row are off where it is padded, as their share."""
    short, long = (torch.tensor([row], device=model.device) for row in rows)
    filled = torch.full_like(long, pad)
    filled[:, : short.shape[1]] = short
    lengths = torch.tensor([[short.shape[1]], [long.shape[1]]], device=model.device)
    mask = torch.arange(long.shape[1], device=model.device) < lengths
    alone = _said(model, inputs, short, torch.ones_like(short, dtype=torch.bool)).logits[0]
    padded = _said(model, inputs, torch.cat([filled, long]), mask).logits[0]
    return _difference(alone, padded)


def _first_sees(model: Any, inputs: Inputs, row: list[int], other: int) -> bool:
    """Whether another second token changes the last state of the first one."""
    ids = torch.tensor([row, [row[0], other, *row[2:]]], device=model.device)
    mask = torch.ones_like(ids, dtype=torch.bool)
    states = _said(model, inputs, ids, mask, output_hidden_states=True).get("hidden_states")
    return states is None or _difference(*states[-1][:, 0]) > _ROUNDING


def _said(model: Any, inputs: Inputs, ids: Tensor, mask: Tensor, **asked: bool) -> Any:
    """What the model says of ids without dropout."""
    trains = model.training
    model.eval()
    with torch.no_grad():
        out = inputs.read(model, ids, mask, **asked)
    model.train(trains)
    return out


def _difference(one: Tensor, other: Tensor) -> float:
    """The largest difference, as a share."""
    return float((one - other).abs().max() / one.abs().max())

"""How a transformer reads texts: where padding stands, segments, which token stands for a text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.modeling_outputs import SequenceClassifierOutput

from kdnas.training.batches import Batch, Row, padded, rows_of, take

_PROBES = "a", "a good film that is long enough to leave the other one padded"
_LONGEST = 64
"""Tokens of a probe, more than it has."""

_ROUNDING, _LEAST_LEAK = 1e-5, 1e-3
"""Shares of an output that may differ, and that only text which is no text makes differ."""


@dataclass(frozen=True)
class Inputs:
    """What turns batches, which are padded on the right, into what a model was trained on.

    Attributes:
        left: Whether the padding of the model stands on the left.
        segments: Whether the model is told the segments of tokens; a DistilBERT knows none.
        alone: Whether the model reads padding as text (FNet takes no mask, ConvBERT convolves
            over it), so that only texts of one length can be read together.
        last: Whether the state of the last token stands for a text, and not that of the first.
    """

    left: bool = False
    segments: bool = True
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
        rows = rows_of(tokenizer, _PROBES, _LONGEST)
        found = cls._by_padding(tokenizer, model, rows)
        others = set(range(len(tokenizer))) - {*tokenizer.all_special_ids, rows[1].ids[1]}
        return replace(
            found, last=found.left or not _first_sees(model, found, rows[1], min(others))
        )

    @classmethod
    def _by_padding(cls, tokenizer: Any, model: Any, rows: Sequence[Row]) -> Self:
        known = signature(model.forward).parameters
        segments = "token_type_ids" in known
        if "attention_mask" not in known:
            return cls(segments=segments, alone=True)
        own = cls(tokenizer.padding_side == "left", segments)
        other = cls(not own.left, segments)
        errors = [
            _error_of_padding(model, each, rows, tokenizer.pad_token_id) for each in (own, other)
        ]
        if min(errors) > _LEAST_LEAK:
            return cls(segments=segments, alone=True)
        return own if errors[0] <= max(_ROUNDING, 10 * errors[1]) else other

    def read(self, model: Any, batch: Batch, **asked: bool) -> Any:
        """What `model` returns for a batch.

        Hidden states of tokens stand where the batch, which is padded on the right, has them.
        """
        if self.alone:
            return self._read_by_length(model, batch, **asked)
        out = model(**self._arguments(batch), **asked)
        if self.left and out.get("hidden_states") is not None:
            states = out.hidden_states
            out.hidden_states = tuple(_rolled(each, batch.mask, -1) for each in states)
        return out

    def summary(self, states: Tensor, mask: Tensor) -> Tensor:
        """The state that stands for each text, (batch, width), of those that `read` returns."""
        if not self.last:
            return states[:, 0]
        return states[torch.arange(len(states), device=states.device), mask.sum(dim=1) - 1]

    def _read_by_length(self, model: Any, batch: Batch, **asked: bool) -> Any:
        lengths = batch.mask.sum(dim=1)
        rows = [(lengths == n).nonzero().flatten() for n in lengths.unique()]
        outs = []
        for some in rows:
            arguments = self._arguments(_alike(batch, some, int(lengths[some[0]])))
            arguments.pop("attention_mask")
            outs.append(model(**arguments, **asked))
        order = torch.cat(rows).argsort()
        states: Any = None
        if outs[0].get("hidden_states") is not None:
            longest = batch.ids.shape[1]
            filled = ([_to_length(s, longest) for s in out.hidden_states] for out in outs)
            states = tuple(torch.cat(layer)[order] for layer in zip(*filled, strict=True))
        logits: Any = torch.cat([out.logits for out in outs])[order]
        return SequenceClassifierOutput(logits=logits, hidden_states=states)

    def _arguments(self, batch: Batch) -> dict[str, Tensor]:
        found = {"input_ids": batch.ids, "attention_mask": batch.mask.long()}
        if self.segments and batch.segments is not None:
            found["token_type_ids"] = batch.segments
        if self.left:
            return {name: _rolled(each, batch.mask, 1) for name, each in found.items()}
        return found


PLAIN = Inputs()
"""Padded on the right, with segments: how students read, and BERT."""


def _rolled(x: Tensor, mask: Tensor, way: int) -> Tensor:
    """Every row moved by the length of its padding, to the right or (`way` -1) back."""
    length = mask.shape[1]
    padding = length - mask.sum(dim=1, keepdim=True)
    places = (torch.arange(length, device=mask.device) - way * padding) % length
    return x[torch.arange(len(x), device=x.device).unsqueeze(1), places]


def _to_length(states: Tensor, length: int) -> Tensor:
    return F.pad(states, (0, 0, 0, length - states.shape[1]))


def _alike(batch: Batch, some: Tensor, length: int) -> Batch:
    """Some texts of one length, without padding."""
    segments = None if batch.segments is None else batch.segments[some, :length]
    return Batch(batch.ids[some, :length], batch.mask[some, :length], batch.index[some], segments)


def _error_of_padding(model: Any, inputs: Inputs, rows: Sequence[Row], pad: int) -> float:
    """How far the logits of the first, shorter row are off where it is padded, as their share."""
    alone, together = (_said(model, inputs, some, pad).logits[0] for some in (rows[:1], rows))
    return _difference(alone, together)


def _first_sees(model: Any, inputs: Inputs, row: Row, other: int) -> bool:
    """Whether another second token changes the last state of the first one."""
    changed = row._replace(ids=[row.ids[0], other, *row.ids[2:]])
    said = _said(model, inputs, [row, changed], 0, output_hidden_states=True)
    states = said.get("hidden_states")
    return states is None or _difference(*states[-1][:, 0]) > _ROUNDING


def _said(model: Any, inputs: Inputs, rows: Sequence[Row], pad: int, **asked: bool) -> Any:
    """What the model says of rows without dropout."""
    batch = take(padded(rows, pad), np.arange(len(rows)), model.device)
    trains = model.training
    model.eval()
    with torch.no_grad():
        out = inputs.read(model, batch, **asked)
    model.train(trains)
    return out


def _difference(one: Tensor, other: Tensor) -> float:
    """The largest difference, as a share."""
    return float((one - other).abs().max() / one.abs().max())

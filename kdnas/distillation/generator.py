"""A masked language model that rewrites texts so that teacher and student disagree on them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.seen import Reader
from kdnas.errors import UserError
from kdnas.training import Batch


@dataclass(frozen=True)
class Masked:
    """A batch some tokens of which are hidden.

    Attributes:
        batch: As it was.
        hidden: True at the hidden tokens, (batch, length).
    """

    batch: Batch
    hidden: Tensor

    def with_tokens(self, ids: Tensor) -> Batch:
        """The batch with other tokens in the places of the hidden ones, (hidden tokens,)."""
        return replace(self.batch, ids=self.batch.ids.masked_scatter(self.hidden, ids))


@dataclass(frozen=True)
class Rewriter:
    """How texts are rewritten, by a masked language model with the vocabulary of the teacher.

    Attributes:
        load: Loads the model onto a device, each time as it was before any training against a
            student.
        mask: Id of the mask token.
        special: Ids of the tokens that are never hidden.
        tokens: How many the vocabulary has.
    """

    load: Callable[[torch.device], Any]
    mask: int
    special: tuple[int, ...]
    tokens: int


class Generator:
    """The generator of one training, which learns against its student.

    Args:
        rewriter: What it begins as.
        models: Student and teacher, which read its words.

    Raises:
        UserError: One of them does not know the tokens, or pads elsewhere than on the right.
    """

    def __init__(self, rewriter: Rewriter, *models: Reader) -> None:
        for reader in models:
            require_soft_tokens(reader, rewriter.tokens)
        self.rewriter = rewriter
        self.model = rewriter.load(models[0].model.device).eval()
        self._optimiser = torch.optim.AdamW(self.model.parameters(), weight_decay=0.0)

    def words(self, masked: Masked) -> Tensor:
        """What stands in the hidden places: one-hot rows, (hidden tokens, tokens).

        They are drawn by the Gumbel trick at temperature 1; their gradient is that of the softmax
        (straight through).
        """
        return F.gumbel_softmax(word_logits(self.model, self.rewriter, masked), hard=True)

    def rewritten(self, batch: Batch, share: float) -> Batch:
        """The batch with new words in some places, which no gradient goes through."""
        masked = hide(batch, share, self.rewriter)
        with torch.no_grad():
            return masked.with_tokens(self.words(masked).argmax(dim=-1))

    def climb(self, objective: Tensor, rate: float) -> None:
        """One step upwards; no gradient of it reaches any other model."""
        weights = [p for p in self.model.parameters() if p.requires_grad]
        for weight, slope in zip(
            weights, torch.autograd.grad(-objective, weights, allow_unused=True), strict=True
        ):
            weight.grad = slope
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()
        self._optimiser.zero_grad()


def hide(batch: Batch, share: float, rewriter: Rewriter) -> Masked:
    """Hide each token with a probability; special tokens and padding stay."""
    device = batch.ids.device
    able = batch.mask & ~torch.isin(batch.ids, torch.tensor(rewriter.special, device=device))
    return Masked(batch, able & (torch.rand(batch.ids.shape, device=device) < share))


def word_logits(model: Any, rewriter: Rewriter, masked: Masked) -> Tensor:
    """What a masked language model says of the hidden places, (hidden tokens, tokens), float32."""
    batch, hidden = masked.batch, masked.hidden
    arguments = {"input_ids": batch.ids.masked_fill(hidden, rewriter.mask)}
    if batch.segments is not None and "token_type_ids" in signature(model.forward).parameters:
        arguments["token_type_ids"] = batch.segments
    logits: Tensor = model(attention_mask=batch.mask.long(), **arguments).logits
    return logits[hidden][:, : rewriter.tokens].float()


@contextmanager
def soft_tokens(model: Any, hidden: Tensor, words: Tensor) -> Iterator[None]:
    """Inside the context a model reads mixtures of its words in some places.

    Whatever the model, its table of words is one module (`get_input_embeddings`), and what that
    returns is replaced.

    Args:
        model: A student or a transformer that is padded on the right.
        hidden: True where the mixtures stand, (batch, length).
        words: Weights of the first rows of its table, (hidden tokens, tokens).
    """

    def exchange(table: Any, _: Any, states: Tensor) -> Tensor:
        mixed = words.to(states.dtype) @ table.weight[: words.shape[1]].to(states.dtype)
        return states.masked_scatter(hidden.unsqueeze(-1), mixed)

    handle = model.get_input_embeddings().register_forward_hook(exchange)
    try:
        yield
    finally:
        handle.remove()


def require_soft_tokens(reader: Reader, tokens: int) -> None:
    """Refuse a model that cannot read mixtures of a generator's words.

    Raises:
        UserError: Its table of words is smaller than the vocabulary, or it is not padded on the
            right.
    """
    rows = reader.model.get_input_embeddings().weight.shape[0]
    if rows < tokens:
        raise UserError(
            f"the generator has {tokens} tokens, and a table of words {rows} rows: student, teacher"
            " and generator need one vocabulary; use a student with the teacher's"
        )
    if reader.inputs.left or reader.inputs.alone:
        raise UserError(
            "a generator rewrites texts of models that are padded on the right: use another method"
        )

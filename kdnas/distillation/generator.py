"""A masked language model that rewrites texts so that teacher and student disagree on them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

import torch
from torch import Tensor

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
class Words:
    """Words that were drawn for hidden places by the Gumbel trick (Jang 2017).

    Attributes:
        ids: The words, (hidden tokens,).
        shares: The softmax whose largest values they are, (hidden tokens, tokens): what a gradient
            goes through in place of the choice.
    """

    ids: Tensor
    shares: Tensor


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
        self._optimiser = torch.optim.AdamW(self.model.parameters(), weight_decay=0.0, fused=True)

    def words(self, masked: Masked) -> Words:
        """What stands in the hidden places, drawn at temperature 1."""
        return drawn_words(word_logits(self.model, self.rewriter, masked))

    def rewritten(self, batch: Batch, share: float) -> Batch:
        """The batch with new words in some places, which no gradient goes through."""
        masked = hide(batch, share, self.rewriter)
        with torch.no_grad():
            logits = word_logits(self.model, self.rewriter, masked)
            return masked.with_tokens(chosen(logits.softmax(dim=-1)))

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
    with _words_of(model, hidden):
        logits: Tensor = model(attention_mask=batch.mask.long(), **arguments).logits
    if logits.ndim > 2:  # of a model whose last layer is no module
        logits = logits[hidden]
    return logits[:, : rewriter.tokens].float()


@contextmanager
def _words_of(model: Any, hidden: Tensor) -> Iterator[None]:
    """Inside the context the last layer, as large as the vocabulary, sees hidden places alone."""
    with ExitStack() as hooks:
        last = model.get_output_embeddings()
        if last is not None:
            handle = last.register_forward_pre_hook(lambda _, states: (states[0][hidden],))
            hooks.callback(handle.remove)
        yield


def drawn_words(logits: Tensor) -> Words:
    """Draw a word for each place, and the shares that it is the largest of.

    shares = softmax(logits + noise), with Gumbel noise -log(p_w T_w) for clocks T_w of rate p_w,
    and the word is the one whose clock T_k rings first. It is drawn before its noise: T_k has rate
    1 whichever it is, and the others, without memory, ring at T_k + E_w / p_w for an E_w of rate 1
    (Maddison 2014). So rounding of the noise, of which there is as much as words, decides about no
    word.

    Args:
        logits: (hidden tokens, tokens).
    """
    with torch.no_grad():
        chances = logits.softmax(dim=-1)
        ids = chosen(chances)
        first = _waits(chances[:, :1])
        later = _waits(chances).scatter_(1, ids.unsqueeze(1), 0.0)
        noise = -later.addcmul_(chances, first).clamp_min_(1e-30).log_()
    return Words(ids, (logits + noise).softmax(dim=-1))


def chosen(chances: Tensor) -> Tensor:
    """Draw a word of each row, (rows,), with one uniform number.

    Args:
        chances: Of sum 1, (rows, tokens).
    """
    sums = chances.cumsum(dim=-1, dtype=torch.float64)
    mark = torch.rand(len(sums), 1, dtype=sums.dtype, device=sums.device) * sums[:, -1:]
    return torch.searchsorted(sums, mark, right=True).squeeze(1).clamp_max(sums.shape[1] - 1)


def _waits(like: Tensor) -> Tensor:
    """Exponential numbers of rate 1; torch's own draw takes three times as long."""
    return torch.rand_like(like).neg_().log1p_().neg_()


class _Row(torch.autograd.Function):
    """Rows of a table by their numbers, with the gradient of the mixture of all rows."""

    @staticmethod
    def forward(ctx: Any, _: Tensor, ids: Tensor, table: Tensor) -> Tensor:
        ctx.save_for_backward(table)
        return table[ids]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (table,) = ctx.saved_tensors
        return grads[0].to(table.dtype) @ table.T, None, None


@contextmanager
def soft_tokens(model: Any, hidden: Tensor, words: Words) -> Iterator[None]:
    """Inside the context a model reads drawn words in some places (straight through).

    What it reads are their rows, and the gradient is that of shares @ table. Whatever the model,
    its table of words is one module (`get_input_embeddings`), and what that returns is replaced.

    Args:
        model: A student or a transformer that is padded on the right.
        hidden: True where the words stand, (batch, length).
        words: Of the first rows of its table.
    """

    def exchange(table: Any, _: Any, states: Tensor) -> Tensor:
        known = table.weight.detach()[: words.shares.shape[1]]
        rows: Tensor = _Row.apply(words.shares, words.ids, known)
        return states.masked_scatter(hidden.unsqueeze(-1), rows.to(states.dtype))

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

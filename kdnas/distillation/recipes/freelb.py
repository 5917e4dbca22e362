"""FreeLB: the loss on texts whose words are moved uphill, step by step (Zhu 2020)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from kdnas.distillation.recipe import Recipe, Step, Term
from kdnas.distillation.recipes import finetune, kd
from kdnas.distillation.seen import Seen
from kdnas.errors import UserError
from kdnas.methods import FreeLBKDSettings, FreeLBSettings
from kdnas.training import Schedule, autocast


def recipe(schedule: Schedule, settings: FreeLBSettings) -> Recipe:
    """Return the stage of the mean of CE(S(x + d_t)) over t = 0 .. steps - 1."""
    return _moved(finetune.recipe(schedule, settings), settings)


def kd_recipe(schedule: Schedule, settings: FreeLBKDSettings) -> Recipe:
    """Return the stage of the mean of (1 - share) CE(S(x + d_t)) + share KD(S(x + d_t), T(x))."""
    return _moved(kd.recipe(schedule, settings), settings)


def _moved(stages: Recipe, settings: FreeLBSettings) -> Recipe:
    """The stages with their loss on moved words; as they are where no word would move."""
    if settings.steps == 1 or not settings.bound:
        return stages
    (stage,) = stages
    needs = tuple(need for term in stage.terms for need in term.needs)
    term = Term(lambda step: moved_loss(step, stage.terms, settings), needs=needs)
    return (replace(stage, terms=(term,)),)


def moved_loss(step: Step, terms: Sequence[Term], settings: FreeLBSettings) -> Tensor:
    """The mean of a sum of terms over moves d_t of the words' vectors (Zhu 2020, algorithm 1).

    d_0 = 0, and d_(t + 1) is d_t + rate g / |g|, cut to the norm `bound`, where g is the gradient
    of a text's loss for all its vectors. The pass back that gives g gives the gradient of the
    weights too, and these are added up. All passes have the same dropout.
    """
    weights = [w for w in step.own.reader.model.parameters() if w.requires_grad]
    slopes: list[Tensor | None] = [None] * len(weights)
    total, move = step.logits.new_zeros(()), step.logits.new_zeros(())
    for _ in range(settings.steps):
        own, words = seen_with(step, move)
        moved = replace(step, own=own)
        loss = torch.stack([term.weighted(moved, None) for term in terms]).sum() / settings.steps
        uphill, *more = torch.autograd.grad(loss, [words, *weights], allow_unused=True)
        slopes = [b if a is None else a + b for a, b in zip(slopes, more, strict=True)]
        move = move + settings.rate * uphill / norms(uphill)
        move = move * (settings.bound / norms(move)).clamp_max(1.0)
        total = total + loss.detach()
    known: Tensor = _Known.apply(total, slopes, *weights)
    return known


def seen_with(step: Step, move: Tensor) -> tuple[Seen, Tensor]:
    """What the student gives where its words' vectors are moved, and these, (batch, length, width).

    Raises:
        UserError: It reads the texts of each length apart.
    """
    reader, kept, device = step.own.reader, [], step.logits.device
    if reader.inputs.alone:
        raise UserError(
            "FreeLB moves words of models that read a batch at once: use another method"
        )

    def shift(_: Any, __: Any, vectors: Tensor) -> Tensor:
        kept.append(vectors + move)
        return kept[-1]

    handle = reader.model.get_input_embeddings().register_forward_hook(shift)
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []), autocast(device):
            return reader.see(step.own.batch), kept[0]
    finally:
        handle.remove()


def norms(moves: Tensor) -> Tensor:
    """The norm of each text's moves, (batch, 1, 1), of (batch, length, width); never 0."""
    return moves.flatten(1).norm(dim=1).view(-1, 1, 1).clamp_min(torch.finfo(moves.dtype).tiny)


class _Known(torch.autograd.Function):
    """A loss whose gradient is known already."""

    @staticmethod
    def forward(ctx: Any, loss: Tensor, slopes: Sequence[Tensor | None], *_: Tensor) -> Tensor:
        ctx.slopes = slopes
        return loss.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        found = (slope if slope is None else grads[0] * slope for slope in ctx.slopes)
        return None, None, *found

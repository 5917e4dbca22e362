"""How far a step on one loss lowers another one, found by a step that is taken back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from kdnas.training import Schedule


def agreement(model: Any, loss: Tensor, judged: Callable[[], Tensor], schedule: Schedule) -> float:
    """Xi <grad L_val(w - xi grad L), grad L>: how far a step on a loss lowers another one.

    Args:
        model: With the weights w, which are the same afterwards.
        loss: L, whose graph is kept.
        judged: Computes L_val with the weights as they are.
        schedule: xi is its learning rate.
    """
    weights = [p for p in model.parameters() if p.requires_grad]
    xi = schedule.learning_rate
    own = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
    with _ahead(weights, own, xi):
        there = torch.autograd.grad(judged(), weights, allow_unused=True)
    pairs = zip(own, there, strict=True)
    return xi * float(sum((a * b).sum() for a, b in pairs if a is not None and b is not None))


@contextmanager
def _ahead(
    weights: Sequence[Tensor], gradients: Sequence[Tensor | None], xi: float
) -> Iterator[None]:
    """Weights after a step of plain descent; the graph of the loss does not notice."""
    before = [w.detach().clone() for w in weights]
    try:
        for w, g in zip(weights, gradients, strict=True):
            if g is not None:
                w.data.sub_(xi * g)
        yield
    finally:
        for w, old in zip(weights, before, strict=True):
            w.data.copy_(old)

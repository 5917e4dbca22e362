"""The one training loop: AdamW, warm-up and linear decay, clipped gradients."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import ParamsT

from kdnas.records import EvaluationFailed


@dataclass(frozen=True)
class Schedule:
    """How a training goes through its texts.

    Attributes:
        learning_rate: At the end of the warm-up.
        epochs: How often every text is seen.
        batch_size: Texts of a batch.
        weight_decay: Of AdamW, for parameters whose group says nothing else.
        warmup: Share of the steps in which the rate rises from 0; then it falls to 0.
        clip: Largest norm of the gradient.
        steps: Share of the steps of all epochs that are made.
    """

    learning_rate: float
    epochs: int = 1
    batch_size: int = 32
    weight_decay: float = 0.01
    warmup: float = 0.1
    clip: float = 1.0
    steps: float = 1.0


def decay_groups(module: nn.Module) -> list[dict[str, Any]]:
    """Parameter groups in which embeddings, norms and biases are without weight decay."""
    tables = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter in module.parameters():
        groups[parameter.ndim > 1 and id(parameter) not in tables].append(parameter)
    return [{"params": groups[True]}, {"params": groups[False], "weight_decay": 0.0}]


def fit(
    parameters: ParamsT,
    plan: Sequence[Sequence[np.ndarray]],
    loss_of: Callable[[np.ndarray], Tensor],
    schedule: Schedule,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> float:
    """Train `parameters` on the batches of `plan`.

    Args:
        parameters: What is trained, or groups of it as torch's optimisers take them.
        plan: For every epoch its batches, as index arrays.
        loss_of: From an index array to the batch's scalar loss, in the plan's order.
        schedule: Rates and clipping; the epochs and batches are those of `plan`.
        on_epoch: Called after each epoch with its number from 1 and mean loss.

    Returns:
        The mean loss of the last epoch; NaN where there is none.

    Raises:
        EvaluationFailed: The loss is not finite at the end of an epoch (kind `non_finite`).
    """
    steps = max(sum(map(len, plan)), 1)
    optimiser = torch.optim.AdamW(
        parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    trained = [p for group in optimiser.param_groups for p in group["params"]]
    factor = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: _rate_factor(step, steps, schedule.warmup)
    )
    mean = math.nan
    for epoch, batches in enumerate(plan, start=1):
        total = torch.zeros((), device=trained[0].device)
        for index in batches:
            loss = loss_of(index)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, schedule.clip, foreach=True)
            optimiser.step()
            factor.step()
            total += loss.detach()  # no host synchronisation inside an epoch
        mean = float(total) / len(batches)
        if not math.isfinite(mean):
            raise EvaluationFailed("non_finite", f"the loss of epoch {epoch} is {mean}")
        on_epoch(epoch, mean)
    return mean


def _rate_factor(step: int, steps: int, warmup: float) -> float:
    """The share of the learning rate at `step` (from 0): up to 1, then down towards 0."""
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return (steps - step) / max(steps - rising, 1)

"""Teacher probes: one linear classifier per layer of the frozen teacher."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.distillation import hard_loss

_ROWS = 100_000
"""Texts whose features are multiplied at a time: they are copied for it."""


@dataclass(frozen=True)
class ProbeTraining:
    """How the probes of a teacher are trained."""

    epochs: int = 4
    learning_rate: float = 5e-3
    batch_size: int = 32
    seed: int = 0


def train_probes(features: Tensor, labels: Tensor, training: ProbeTraining) -> Tensor:
    """Train a linear probe on every layer and return the probes' logits on the same texts.

    The loss is the sum of the layers' own (`hard_loss`), so each probe learns as if alone. The loop
    is not `kdnas.training.fit`: the reference code of AdaBERT's probes steps with plain Adam at a
    constant rate, and all layers learn at once from features that lie in memory.

    Args:
        features: A vector per text and layer, (texts, layers, width).
        labels: True classes, or numbers, (texts,).
        training: Epochs, learning rate, batch size and seed.

    Returns:
        Probe logits, (texts, layers, classes), float32.
    """
    texts, layers, width = features.shape
    classes = 1 if labels.is_floating_point() else int(labels.max()) + 1
    generator = torch.Generator().manual_seed(training.seed)
    weight = nn.Parameter(torch.randn(layers, width, classes, generator=generator) / width**0.5)
    bias = nn.Parameter(torch.zeros(layers, classes))
    with torch.no_grad():
        for parameter in (weight, bias):
            parameter.data = parameter.data.to(features.device)
    optimiser = torch.optim.Adam([weight, bias], lr=training.learning_rate)
    rng = np.random.default_rng(training.seed)
    for _ in range(training.epochs):
        for index in np.array_split(rng.permutation(texts), -(-texts // training.batch_size)):
            batch = torch.from_numpy(index).to(features.device)
            logits = _apply(features[batch], weight, bias)
            truth = labels[batch].unsqueeze(1).expand(-1, layers)
            loss = layers * hard_loss(logits.flatten(0, 1), truth.flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.inference_mode():
        parts = [_apply(part, weight, bias).float() for part in features.split(_ROWS)]
    return torch.cat(parts)


def _apply(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(texts, layers, width) -> (texts, layers, classes)."""
    return torch.einsum("nlw,lwc->nlc", features, weight) + bias

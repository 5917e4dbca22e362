"""Teacher probes: one linear classifier per layer of the frozen teacher."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.config import TeacherSettings


def train_probes(features: Tensor, labels: Tensor, settings: TeacherSettings) -> Tensor:
    """Train a linear probe on every layer and return the probes' logits on the same texts.

    The loss is the sum of the layers' cross entropies, so each probe learns as if alone; only the
    probes are trained (Adam, as in the reference code of AdaBERT's probes).

    Args:
        features: A vector per text and layer, (texts, layers, width).
        labels: True classes, (texts,).
        settings: Epochs, learning rate, batch size and seed.

    Returns:
        Probe logits, (texts, layers, classes), float32.
    """
    texts, layers, width = features.shape
    classes = int(labels.max()) + 1
    generator = torch.Generator().manual_seed(settings.seed)
    weight = nn.Parameter(torch.randn(layers, width, classes, generator=generator) / width**0.5)
    bias = nn.Parameter(torch.zeros(layers, classes))
    with torch.no_grad():
        for parameter in (weight, bias):
            parameter.data = parameter.data.to(features.device)
    optimiser = torch.optim.Adam([weight, bias], lr=settings.probe_learning_rate)
    rng = np.random.default_rng(settings.seed)
    for _ in range(settings.probe_epochs):
        for index in np.array_split(rng.permutation(texts), -(-texts // settings.batch_size)):
            batch = torch.from_numpy(index).to(features.device)
            logits = _apply(features[batch], weight, bias)
            truth = labels[batch].unsqueeze(1).expand(-1, layers)
            loss = layers * F.cross_entropy(logits.flatten(0, 1), truth.flatten())
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    with torch.inference_mode():
        return _apply(features, weight, bias).float()


def _apply(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """(texts, layers, width) -> (texts, layers, classes)."""
    return torch.einsum("nlw,lwc->nlc", features, weight) + bias

"""The loss of training on true labels."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.training.batches import EncodedTexts, take
from kdnas.training.device import autocast
from kdnas.training.predict import Forward


def label_loss(
    forward: Forward, texts: EncodedTexts, labels: Sequence[int], device: torch.device
) -> Callable[[np.ndarray], Tensor]:
    """The cross entropy of the batch of `texts` at some positions, as `fit` takes it.

    Args:
        forward: (ids, mask), both (batch, length), to logits (batch, classes).
        texts: The training texts.
        labels: Their true classes.
        device: Where `forward` computes.
    """
    truth = torch.tensor(labels, device=device)

    def loss_of(index: np.ndarray) -> Tensor:
        batch = take(texts, index, device)
        with autocast(device):
            logits = forward(batch.ids, batch.mask)
        return F.cross_entropy(logits.float(), truth[batch.index])

    return loss_of

"""Scores of many texts, in float32."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from kdnas.records import EvaluationFailed
from kdnas.training.batches import EncodedTexts, take

Forward = Callable[[Tensor, Tensor], Tensor]


@torch.inference_mode()
def predict(
    forward: Forward, texts: EncodedTexts, device: torch.device, batch_size: int = 64
) -> np.ndarray:
    """The logits of all texts, batched by length.

    Args:
        forward: (ids, mask), both (batch, length), to logits (batch, classes).
        texts: What to score.
        device: Where `forward` computes.
        batch_size: Texts per batch.

    Returns:
        Logits (texts, classes) in the order of `texts`, float32.

    Raises:
        EvaluationFailed: A logit is not finite (kind `non_finite`).
    """
    order = np.argsort(texts.lengths, kind="stable")
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    found = []
    for index in batches:
        batch = take(texts, index, device)
        found.append(forward(batch.ids, batch.mask).float().cpu().numpy())
    logits = np.concatenate(found)
    if not np.isfinite(logits).all():
        raise EvaluationFailed("non_finite", "the network returned a logit that is not finite")
    result = np.empty_like(logits)
    result[order] = logits
    return result

"""Scores of many texts, in float32."""

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.records import EvaluationFailed
from kdnas.training.batches import Batch, EncodedTexts, take
from kdnas.training.inputs import PLAIN, Inputs

Forward = Callable[[Batch], Tensor]
"""From a batch to its logits, (batch, classes)."""

Room = Callable[[tuple[int, ...], type], np.ndarray]
"""From a shape and a type of numbers to an array, whatever is in it."""


def outputs_of(model: Any, batch: Batch, inputs: Inputs = PLAIN, **asked: bool) -> Any:
    """What a Hugging Face classifier returns for a batch: its logits and hidden states.

    The states of a token stand where the batch has it, wherever the model pads.
    """
    return inputs.read(model, batch, output_hidden_states=True, **asked)


def logits_of(model: Any, inputs: Inputs = PLAIN) -> Forward:
    """A Hugging Face classifier as a function of a batch."""

    def forward(batch: Batch) -> Tensor:
        logits: Tensor = inputs.read(model, batch).logits
        return logits

    return forward


def answers_of(logits: np.ndarray) -> np.ndarray:
    """What logits, (texts, classes), say of each text, (texts,): a class, or of one the number."""
    return logits[:, 0] if logits.shape[1] == 1 else logits.argmax(axis=1)


def predict(
    forward: Forward,
    texts: EncodedTexts,
    device: torch.device,
    batch_size: int = 64,
    room: Room = np.empty,
) -> np.ndarray:
    """The logits of all texts, batched by length.

    Args:
        forward: From a batch to logits (batch, classes).
        texts: What to score.
        device: Where `forward` computes.
        batch_size: Most texts of a batch.
        room: Makes the array that is filled and returned.

    Returns:
        Logits (texts, classes) in the order of `texts`, float32.

    Raises:
        EvaluationFailed: A logit is not finite (kind `non_finite`).
    """

    def score(index: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return forward(take(texts, index, device)).float().cpu().numpy()

    threads = torch.get_num_threads() if device.type == "cpu" else 1
    size = min(batch_size, math.ceil(len(texts) / threads))
    order = np.argsort(-texts.lengths, kind="stable")
    batches = [order[i : i + size] for i in range(0, len(order), size)]
    logits = np.empty(0)
    for index, scores in zip(batches, _side_by_side(score, batches, threads), strict=True):
        if not len(logits):
            logits = room((len(texts), *scores.shape[1:]), np.float32)
        if not np.isfinite(scores).all():
            raise EvaluationFailed("non_finite", "the network returned a logit that is not finite")
        logits[index] = scores
    return logits


def _side_by_side(
    score: Callable[[np.ndarray], np.ndarray], batches: Sequence[np.ndarray], threads: int
) -> Iterable[np.ndarray]:
    """`score` of each batch, a thread for each: small products gain little from many threads."""
    if min(threads, len(batches)) < 2:
        return map(score, batches)
    return _pool(threads).map(score, batches)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that compute with one thread each."""
    return ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

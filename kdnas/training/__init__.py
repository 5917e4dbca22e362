"""Training on text: encoded texts, batches of similar length, one plain loop, predictions.

Teachers, probes and students all train with `fit`; there is no other loop. Training may use
bfloat16 on a CUDA device; `predict` always computes scores in float32.
"""

from kdnas.training.batches import Batch, EncodedTexts, encode, epoch_plan, padded, take
from kdnas.training.device import autocast, choose_device, exact_float32
from kdnas.training.fit import Recipe, decay_groups, fit
from kdnas.training.labels import label_loss
from kdnas.training.predict import Forward, predict

__all__ = [
    "Batch",
    "EncodedTexts",
    "Forward",
    "Recipe",
    "autocast",
    "choose_device",
    "decay_groups",
    "encode",
    "epoch_plan",
    "exact_float32",
    "fit",
    "label_loss",
    "padded",
    "predict",
    "take",
]

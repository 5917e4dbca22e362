"""Training on text: encoded texts, batches of similar length, one plain loop, predictions.

Teachers and students train with `fit`. Two loops stand apart: the linear probes of a teacher
(`kdnas.teachers`), which learn from stored features with Adam, and AdaBERT's search
(`kdnas.adabert`), where two optimisers take turns. Training may use bfloat16 on a CUDA device;
`predict` always computes scores in float32.
"""

from kdnas.training.batches import (
    Batch,
    EncodedTexts,
    Row,
    encode,
    epoch_plan,
    first_steps,
    padded,
    rows_of,
    take,
)
from kdnas.training.device import autocast, choose_device, exact_float32, quiet_libraries
from kdnas.training.fit import Schedule, decay_groups, fit
from kdnas.training.inputs import PLAIN, Inputs
from kdnas.training.predict import Forward, Room, answers_of, logits_of, outputs_of, predict

__all__ = [
    "PLAIN",
    "Batch",
    "EncodedTexts",
    "Forward",
    "Inputs",
    "Room",
    "Row",
    "Schedule",
    "answers_of",
    "autocast",
    "choose_device",
    "decay_groups",
    "encode",
    "epoch_plan",
    "exact_float32",
    "first_steps",
    "fit",
    "logits_of",
    "outputs_of",
    "padded",
    "predict",
    "quiet_libraries",
    "rows_of",
    "take",
]

"""What a classifier says of texts, layer by layer."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.distillation import Reader, Sizes
from kdnas.training import PLAIN, Batch, EncodedTexts, Inputs, Room, predict


def logits_and_layers(
    model: Any,
    texts: EncodedTexts,
    device: torch.device,
    inputs: Inputs = PLAIN,
    room: Room = np.empty,
) -> tuple[np.ndarray, np.ndarray]:
    """A classifier's logits, (texts, classes), and a vector per layer, (texts, layers + 1, width).

    The vector is the mean token of the embedding output, and of every later layer the token that
    stands for the text. Both are parts of one array, which `room` makes.
    """
    sizes, reader = Sizes.of(model), Reader(model, inputs)
    classes = sizes.classes

    def forward(batch: Batch) -> Tensor:
        seen = reader.see(batch)
        return torch.cat([seen.logits, seen.embedded, *seen.states], dim=1)

    found = predict(forward, texts, device, room=room)
    return found[:, :classes].copy(), found[:, classes:].reshape(len(found), -1, sizes.width)

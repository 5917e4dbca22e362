"""What a transformer says of texts, layer by layer."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.training import PLAIN, Batch, EncodedTexts, Inputs, predict


def logits_and_layers(
    model: Any, texts: EncodedTexts, device: torch.device, inputs: Inputs = PLAIN
) -> tuple[np.ndarray, np.ndarray]:
    """A classifier's logits, (texts, classes), and a vector per layer, (texts, layers + 1, width).

    The vector is the mean token of the embedding output, and of every later layer the token that
    stands for the text.
    """
    classes, width = model.config.num_labels, model.config.hidden_size

    def forward(batch: Batch) -> Tensor:
        out, mask = inputs.read(model, batch, output_hidden_states=True), batch.mask
        embedded = out.hidden_states[0] * mask.unsqueeze(-1)
        mean = embedded.sum(dim=1) / mask.sum(dim=1, keepdim=True)
        layers = (inputs.summary(states, mask) for states in out.hidden_states[1:])
        return torch.cat([out.logits, mean, *layers], dim=1)

    found = predict(forward, texts, device)
    return found[:, :classes].copy(), found[:, classes:].reshape(len(found), -1, width)

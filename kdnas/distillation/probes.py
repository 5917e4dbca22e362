"""Student probes: a classifier on every layer, trained along and thrown away."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class StudentProbes(nn.Module):
    """A linear classifier on each of the first `probes` layers."""

    def __init__(self, probes: int, width: int, classes: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, classes) for _ in range(probes))

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """What stands for a text in each layer, (batch, width) -> (batch, probes, classes)."""
        pairs = zip(self.heads, states, strict=False)  # the last layer may have no probe
        return torch.stack([head(state) for head, state in pairs], dim=1)

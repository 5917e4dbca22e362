"""Student probes: a classifier on every block, trained along and thrown away."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kdnas.students import masked_max


class StudentProbes(nn.Module):
    """Masked max pooling and a linear classifier on each of the first `probes` blocks."""

    def __init__(self, probes: int, width: int, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.heads = nn.ModuleList(nn.Linear(width, classes) for _ in range(probes))

    def forward(self, blocks: Sequence[Tensor], mask: Tensor) -> Tensor:
        """Block outputs (batch, length, W) each, mask -> (batch, probes, classes)."""
        logits = mask.new_zeros((len(mask), len(self.heads), self.classes), dtype=torch.float32)
        for b, head in enumerate(self.heads):
            logits[:, b] = head(masked_max(blocks[b], mask))
        return logits

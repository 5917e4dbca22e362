"""What AdaBERT's students are trained with (Chen 2020)."""

import torch
from torch import Tensor

from kdnas.adabert.cells import COSTS
from kdnas.distillation import followed_layers, hard_loss, probe_loss


def readout_loss(readouts: Tensor, probes: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """(1 - gamma) CE + gamma KD of a student with these read-outs.

    CE is that of the last read-out with the true labels, KD the mean over all of them of the cross
    entropy with the teacher's probes.

    Args:
        readouts: The student's, (batch, cells + 1, classes).
        probes: Logits of the teacher's probes, (batch, layers + 1, classes).
        labels: True labels, (batch,).
        gamma: Share of the teacher.

    Returns:
        A scalar in nats.
    """
    count = readouts.shape[1]
    layers = list(followed_layers("from-embedding", count, probes.shape[1] - 1))
    kd = probe_loss(readouts, probes[:, layers]) / count
    return (1 - gamma) * hard_loss(readouts[:, -1], labels) + gamma * kd


def depth_losses(readouts: Tensor, probes: Tensor, labels: Tensor, gamma: float) -> Tensor:
    """`readout_loss` for every number of cells that a student may end after, (cells + 1,)."""
    counts = range(1, readouts.shape[1] + 1)
    return torch.stack([readout_loss(readouts[:, :n], probes, labels, gamma) for n in counts])


def efficiency_loss(ops: Tensor, depths: Tensor) -> Tensor:
    """What a cell costs in the mean of its edges, times the share of the cells that are used.

    Args:
        ops: Weights of the operations of each edge, (edges, operations), rows of sum 1.
        depths: Weights of the numbers of cells, (cells + 1,), of sum 1.

    Returns:
        A scalar in [0, 1].
    """
    costs = torch.tensor(list(COSTS.values())).to(ops)
    most = len(depths) - 1
    used = (depths * torch.arange(most + 1).to(depths)).sum() / most
    return used * (ops @ costs).mean()

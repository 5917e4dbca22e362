"""How a student is distilled from a teacher's probes (Chen 2020)."""

import torch
from torch import Tensor, nn

from kdnas.adabert.losses import readout_loss
from kdnas.distillation import Recipe, Seen, Sizes, Stage, Step, StudentProbes, Term
from kdnas.methods import AdaBERTSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: AdaBERTSettings) -> Recipe:
    """Return the stage of L = (1 - gamma) CE + gamma KD over all read-outs (`readout_loss`).

    Cells have read-outs of their own. Of any other student the last is the classifier, and the
    embedding and every layer below have a linear one that is thrown away.
    """

    def readouts(step: Step, heads: nn.Module) -> Tensor:
        found = heads(step.own)
        return readout_loss(found, step.signal("probe_logits"), step.labels, settings.gamma)

    return (Stage((Term(readouts, needs=("probe_logits",), heads=_heads),), schedule),)


def _heads(own: Sizes, teacher: Sizes) -> nn.Module:
    return _Own() if own.has_readouts else _Added(own)


class _Own(nn.Module):
    """The read-outs that a student has."""

    def forward(self, seen: Seen) -> Tensor:
        """What the student gives -> (batch, layers + 1, classes)."""
        return seen.readouts


class _Added(nn.Module):
    """The classifier, and a read-out of the embedding and of every layer but the last."""

    def __init__(self, own: Sizes) -> None:
        super().__init__()
        self.below = StudentProbes(own.layers, own.width, own.classes)

    def forward(self, seen: Seen) -> Tensor:
        """What the student gives -> (batch, layers + 1, classes)."""
        below = self.below((seen.embedded, *seen.states))
        return torch.cat([below, seen.logits.unsqueeze(1)], dim=1)

"""How the network of a given cell is distilled from a teacher's probes (Chen 2020)."""

import torch
from torch import Tensor

from kdnas.adabert.losses import readout_loss
from kdnas.distillation import Recipe, Stage, Step, Term
from kdnas.methods import AdaBERTSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: AdaBERTSettings) -> Recipe:
    """Return the stage of L = (1 - gamma) CE + gamma KD over all read-outs (`readout_loss`)."""

    def readouts(step: Step) -> Tensor:
        found = torch.stack(step.states, dim=1)
        return readout_loss(found, step.signal("probe_logits"), step.labels, settings.gamma)

    return (Stage((Term(readouts, needs=("probe_logits",)),), schedule),)

"""CKD: each layer of the student follows several of the teacher side by side (Wu 2020)."""

from functools import partial

import torch
from torch import Tensor, nn

from kdnas.distillation.buckets import bucketed_layers
from kdnas.distillation.losses import patient_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.seen import Sizes
from kdnas.distillation.terms import hard, soft
from kdnas.methods import CKDSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: CKDSettings) -> Recipe:
    """Return the stage of L = alpha KD + (1 - alpha - beta) CE + beta internal.

    The internal loss is that of unit vectors: a linear map of a student's state against the states
    of its bucket in one vector, the mean over layers.
    """

    def internal(step: Step, maps: nn.ModuleList) -> Tensor:
        teacher = step.signal("states")
        buckets = bucketed_layers(settings.buckets, len(maps), teacher.shape[1] - 1)
        losses = [
            patient_loss(to_teacher(own), teacher[:, list(bucket)].flatten(1))
            for own, to_teacher, bucket in zip(step.states, maps, buckets, strict=True)
            if bucket
        ]
        return torch.stack(losses).mean()

    terms = counting(
        Term(soft(settings.temperature), settings.alpha, ("logits",)),
        Term(hard, max(1 - settings.alpha - settings.beta, 0.0)),
        Term(internal, settings.beta, ("states",), partial(_maps, settings.buckets)),
    )
    return (Stage(terms, schedule),)


def _maps(rule: str, own: Sizes, teacher: Sizes) -> nn.ModuleList:
    """Make a map for each layer from its state to those of its bucket; none where it is as wide."""
    widths = [len(b) * teacher.width for b in bucketed_layers(rule, own.layers, teacher.layers)]
    return nn.ModuleList(
        nn.Identity() if width in (0, own.width) else nn.Linear(own.width, width)
        for width in widths
    )

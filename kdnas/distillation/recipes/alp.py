"""ALP: each layer of the student attends to layers of the teacher (Passban 2021)."""

import torch
from torch import Tensor, nn

from kdnas.distillation.buckets import bucketed_layers
from kdnas.distillation.losses import attended_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard, projection, soft
from kdnas.methods import ALPSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: ALPSettings) -> Recipe:
    """Return the stage of L = (1 - alpha) CE + alpha KD + beta ALP."""

    def attended(step: Step, to_teacher: nn.Module) -> Tensor:
        teacher = step.signal("states")[:, 1:]  # without the embedding
        buckets = bucketed_layers(settings.buckets, len(step.states), teacher.shape[1])
        own = [state for state, bucket in zip(step.states, buckets, strict=True) if bucket]
        allowed = torch.zeros(len(own), teacher.shape[1], dtype=torch.bool)
        for row, bucket in zip(allowed, filter(None, buckets), strict=True):
            row[[layer - 1 for layer in bucket]] = True
        student = to_teacher(torch.stack(own, dim=1))
        return attended_loss(student, teacher, allowed.to(teacher.device), settings.scale)

    terms = counting(
        Term(hard, 1 - settings.alpha),
        Term(soft(settings.temperature), settings.alpha, ("logits",)),
        Term(attended, settings.beta, ("states",), projection),
    )
    return (Stage(terms, schedule),)

"""PKD: the layers of a student follow layers of the teacher besides its answers (Sun 2019)."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from kdnas.distillation.follow import followed_layers
from kdnas.distillation.losses import patient_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard, projection, soft
from kdnas.methods import PKDSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: PKDSettings) -> Recipe:
    """Return the stage of L = (1 - alpha) CE + alpha KD + beta PT (Sun 2019, eq. 8).

    States of another width than the teacher's go through a linear map, and a layer for which the
    teacher has none follows nothing.
    """

    def patience(step: Step, to_teacher: nn.Module) -> Tensor:
        own, teacher = torch.stack(step.states, dim=1), step.signal("states")
        followed = followed_layers(settings.follow, own.shape[1], teacher.shape[1] - 1)
        missing = sum(layer < 1 for layer in followed)  # they rise
        student = to_teacher(own[:, missing : len(followed)])
        return patient_loss(student, teacher[:, list(followed[missing:])])

    own = replace(
        schedule,
        learning_rate=settings.learning_rate or schedule.learning_rate,
        epochs=settings.epochs or schedule.epochs,
    )
    terms = counting(
        Term(hard, 1 - settings.alpha),
        Term(soft(settings.temperature), settings.alpha, ("logits",)),
        Term(patience, settings.beta, ("states",), projection),
    )
    return (Stage(terms, own),)

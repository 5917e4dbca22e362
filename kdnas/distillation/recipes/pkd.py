"""PKD: a student of the teacher's first layers also follows its hidden states (Sun 2019)."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.follow import followed_layers
from kdnas.distillation.losses import kd_loss, patient_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.methods import PKDSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: PKDSettings) -> Recipe:
    """Return the stage of L = (1 - alpha) CE + alpha KD + beta PT (Sun 2019, eq. 8)."""

    def ce(step: Step) -> Tensor:
        return F.cross_entropy(step.logits, step.labels)

    def kd(step: Step) -> Tensor:
        return kd_loss(step.logits, step.signal("logits"), settings.temperature)

    def patience(step: Step) -> Tensor:
        layers = step.states[1:]  # without the embedding
        read = [step.own_inputs.summary(states, step.mask) for states in layers]
        student = torch.stack(read, dim=1)[:, :-1]
        teacher = step.signal("states")
        followed = followed_layers(settings.follow, len(layers), teacher.shape[1] - 1)
        return patient_loss(student, teacher[:, list(followed)])

    terms = (
        Term(ce, 1 - settings.alpha),
        Term(kd, settings.alpha, ("logits",)),
        Term(patience, settings.beta, ("states",)),
    )
    own = replace(schedule, learning_rate=settings.learning_rate, epochs=settings.epochs)
    return (Stage(terms, own),)

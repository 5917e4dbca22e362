"""Adversarial training: a model goes on with what fooled it (Guo 2021, section 4.2)."""

from dataclasses import replace

from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.methods import AdversarialSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: AdversarialSettings) -> Recipe:
    """Return the stage of the cross entropy with true labels alone; no teacher has a part."""
    rate = settings.learning_rate or schedule.learning_rate
    own = replace(schedule, learning_rate=rate, epochs=settings.epochs)
    return (Stage((Term(_cross_entropy),), own, whole_tables=True),)


def _cross_entropy(step: Step) -> Tensor:
    return F.cross_entropy(step.logits, step.labels)

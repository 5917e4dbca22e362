"""Adversarial training: a model goes on with what fooled it (Guo 2021, section 4.2)."""

from dataclasses import replace

from kdnas.distillation.recipe import Recipe, Stage, Term
from kdnas.distillation.terms import hard
from kdnas.methods import AdversarialSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: AdversarialSettings) -> Recipe:
    """Return the stage of the loss with true labels alone; no teacher has a part."""
    rate = settings.learning_rate or schedule.learning_rate
    own = replace(schedule, learning_rate=rate, epochs=settings.epochs)
    return (Stage((Term(hard),), own, whole_tables=True),)

"""Fine-tuning: true labels alone, the limit of KD without a teacher."""

from kdnas.distillation.recipe import Recipe, Stage, Term
from kdnas.distillation.terms import hard
from kdnas.methods import MethodSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: MethodSettings) -> Recipe:
    """Return the stage of the loss with true labels."""
    return (Stage((Term(hard),), schedule),)

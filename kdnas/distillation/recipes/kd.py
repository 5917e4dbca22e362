"""KD: true labels and the teacher's answers (Hinton 2015)."""

from kdnas.distillation.recipe import Recipe, Stage, Term, counting
from kdnas.distillation.terms import hard, soft
from kdnas.methods import KDSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: KDSettings) -> Recipe:
    """Return the stage of L = (1 - share) CE + share KD."""
    terms = counting(
        Term(hard, 1 - settings.share),
        Term(soft(settings.temperature), settings.share, ("logits",)),
    )
    return (Stage(terms, schedule),)

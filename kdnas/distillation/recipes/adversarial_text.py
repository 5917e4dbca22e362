"""Adversarial text: true labels, on texts and on their rewritten forms, without a teacher."""

from functools import partial

from torch import Tensor

from kdnas.distillation.lesson import GENERATOR
from kdnas.distillation.losses import hard_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.rewriting import rewritten_texts, student_on
from kdnas.distillation.terms import hard
from kdnas.methods import GeneratorSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: GeneratorSettings) -> Recipe:
    """Return the stage of L = (CE(x) + CE(x')) / 2, where a generator rewrites x to raise CE(x').

    Where nothing is hidden it is fine-tuning.
    """

    def rewritten(step: Step) -> Tensor:
        wrong = partial(hard_loss, truth=step.labels)
        return wrong(student_on(step, rewritten_texts(step, settings, wrong)))

    share = 0.5 if settings.masked else 0.0
    terms = counting(Term(hard, 1 - share), Term(rewritten, share, (GENERATOR,)))
    return (Stage(terms, schedule, whole_tables=share > 0),)

"""Combined-KD: annealing on texts and on their rewritten forms, then true labels."""

from dataclasses import replace

from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.lesson import GENERATOR, LIVE
from kdnas.distillation.losses import logit_loss
from kdnas.distillation.recipe import Recipe, Step, Term, counting
from kdnas.distillation.recipes.annealing import annealing_factor
from kdnas.distillation.recipes.annealing import recipe as annealing
from kdnas.distillation.rewriting import rewritten_texts, student_on, teacher_on
from kdnas.methods import CombinedSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: CombinedSettings) -> Recipe:
    """Return the stages of L = (|S(x) - Phi T(x)|^2 + |S(x') - Phi T(x')|^2) / 2, and of labels.

    Phi is annealing's, and the squares are means. x' is x rewritten by a generator that makes the
    mean of (S(x') - T(x'))^2 large. Where nothing is hidden it is annealing.
    """

    def rewritten(step: Step) -> Tensor:
        shown = rewritten_texts(step, settings, F.mse_loss)
        own, teacher = student_on(step, shown), teacher_on(step, shown)
        return logit_loss(own, annealing_factor(step, settings.temperatures) * teacher)

    first, second = annealing(schedule, settings)
    (original,) = first.terms
    share = 0.5 if settings.masked else 0.0
    terms = counting(
        replace(original, weight=1 - share),
        Term(rewritten, share, (LIVE, GENERATOR)),
    )
    return replace(first, terms=terms, whole_tables=share > 0), second

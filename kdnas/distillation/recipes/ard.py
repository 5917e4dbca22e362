"""ARD: the student is shown attacked texts, the teacher the clean ones (Goldblum 2020)."""

from torch import Tensor

from kdnas.distillation.lesson import ATTACKED
from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard
from kdnas.methods import ARDSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: ARDSettings) -> Recipe:
    """Return the stage of L = (1 - a) CE(S(x), y) + a t^2 KL(T(x) || S(x'))."""

    def robust(step: Step) -> Tensor:
        return kd_loss(step.attacked.logits, step.signal("logits"), settings.temperature)

    terms = counting(
        Term(hard, 1 - settings.share),
        Term(robust, settings.share, ("logits", ATTACKED)),
    )
    return (Stage(terms, schedule),)

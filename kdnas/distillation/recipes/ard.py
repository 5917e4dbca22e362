"""ARD: the student is shown attacked texts, the teacher the clean ones (Goldblum 2020, eq. 4).

There an input is attacked anew at every step, against the student, and the teacher is one that was
trained adversarially. Words cannot be attacked at every step: here a text is attacked once, against
the teacher that teaches, and the same attacked texts serve all students. A robust teacher is one
that was made so elsewhere (`teacher.model` with `teacher.epochs=0`).
"""

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

"""Label smoothing: true labels, a share of them spread over all classes (Szegedy 2016)."""

from torch import Tensor

from kdnas.distillation.losses import smoothed_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.methods import LabelSmoothingSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: LabelSmoothingSettings) -> Recipe:
    """Return the stage of the cross entropy with smoothed labels."""

    def smoothed(step: Step) -> Tensor:
        return smoothed_loss(step.logits, step.labels, settings.smoothing)

    return (Stage((Term(smoothed),), schedule),)

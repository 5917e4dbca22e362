"""Annealing: the teacher's logits from small to whole, then true labels (Jafari 2021)."""

from dataclasses import replace

from torch import Tensor

from kdnas.distillation.losses import logit_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.distillation.terms import hard
from kdnas.methods import AnnealingSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: AnnealingSettings) -> Recipe:
    """Return the stages of L = mean (z_S - Phi z_T)^2, and of the loss with true labels.

    The second goes on with what the first has come to; the authors take its best checkpoint. Each
    has an epoch at least.
    """

    def annealed(step: Step) -> Tensor:
        factor = annealing_factor(step, settings.temperatures)
        return logit_loss(step.logits, factor * step.signal("logits"))

    epochs = min(max(round(settings.first * schedule.epochs), 1), max(schedule.epochs - 1, 1))
    rest = max(schedule.epochs - epochs, 1)
    return (
        Stage((Term(annealed, needs=("logits",)),), replace(schedule, epochs=epochs)),
        Stage((Term(hard),), replace(schedule, epochs=rest)),
    )


def annealing_factor(step: Step, temperatures: int) -> float:
    """Phi(T) = 1 - (T - 1) / tau_max, for T from tau_max down to 1.

    Each value has equally many whole epochs and the last one the rest; where there are fewer epochs
    than values, each has equally many steps.
    """
    if step.epochs < temperatures:
        past = step.number * temperatures // step.steps
    else:
        epoch = step.number * step.epochs // step.steps
        past = min(epoch // (step.epochs // temperatures), temperatures - 1)
    return (past + 1) / temperatures

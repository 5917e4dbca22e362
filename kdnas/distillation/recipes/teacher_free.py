"""Teacher-free KD: the teacher is made up, always nearly right (Yuan 2020)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard
from kdnas.methods import TeacherFreeSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: TeacherFreeSettings) -> Recipe:
    """Return the stage of L = (1 - share) CE + share KD from the virtual teacher.

    Its logits are the logarithms of its probabilities, so that at temperature 1 it answers as the
    settings say.
    """

    def kd(step: Step) -> Tensor:
        teacher = virtual_logits(step.labels, step.logits.shape[1], settings.correct)
        return kd_loss(step.logits, teacher, settings.temperature)

    return (Stage(counting(Term(hard, 1 - settings.share), Term(kd, settings.share)), schedule),)


def virtual_logits(truth: Tensor, classes: int, correct: float) -> Tensor:
    """Logits of a teacher that gives `correct` to the true class and the rest to the others alike.

    Args:
        truth: Class numbers, (batch,).
        classes: How many there are.
        correct: Between 0 and 1.

    Returns:
        (batch, classes).
    """
    wrong = (1 - correct) / (classes - 1)
    right = F.one_hot(truth, classes).bool()
    return torch.where(right, correct, wrong).log()

"""MiniMax-kNN: KD on the neighbours where teacher and student are most apart (Kamalloo 2021)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.lesson import NEIGHBOURS
from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard, soft
from kdnas.methods import MinimaxSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: MinimaxSettings) -> Recipe:
    """Return the stage of (1 - a) CE(x) + a KD(x) + w sum KD(x'), over the picked neighbours x'."""

    def picked(step: Step) -> Tensor:
        own, teacher = step.beside(most_apart(step, settings.picked, settings.temperature))
        return settings.picked * kd_loss(own, teacher, settings.temperature)

    terms = counting(
        Term(hard, 1 - settings.share),
        Term(soft(settings.temperature), settings.share, ("logits",)),
        Term(picked, settings.weight if settings.picked else 0.0, (NEIGHBOURS,)),
    )
    return (Stage(terms, schedule),)


def most_apart(step: Step, count: int, temperature: float) -> np.ndarray:
    """Which further texts of each have the largest divergence, (batch, count), largest first.

    The student is asked as it is now, without dropout and without a gradient. Where all are taken
    nobody is asked.
    """
    further = step.lesson.further
    assert further is not None
    every = np.arange(further.each)[None].repeat(len(step.index), axis=0)
    if count == further.each:
        return every
    student = step.own.reader.model
    trains = student.training
    student.eval()
    with torch.no_grad():
        apart = divergences(*step.beside(every), temperature).view(every.shape)
    student.train(trains)
    found: np.ndarray = apart.topk(count, dim=1).indices.cpu().numpy()
    return found


def divergences(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """KL(p_T || p_S) of each text with p = softmax(z / t); of numbers the squared error.

    Args:
        student_logits: (texts, classes).
        teacher_logits: (texts, classes).
        temperature: t.

    Returns:
        (texts,), in nats.
    """
    if student_logits.shape[-1] == 1:
        return (student_logits - teacher_logits).square().squeeze(-1)
    student = F.log_softmax(student_logits / temperature, dim=-1)
    teacher = F.log_softmax(teacher_logits / temperature, dim=-1)
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=-1)

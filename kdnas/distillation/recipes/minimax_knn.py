"""MiniMax-kNN: KD on the neighbours where teacher and student are most apart (Kamalloo 2021)."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.lesson import NEIGHBOURS
from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard, soft
from kdnas.errors import UserError
from kdnas.methods import MinimaxSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: MinimaxSettings) -> Recipe:
    """Return the stage of (1 - a) CE(x) + a KD(x) + w sum KD(x'), over the picked neighbours x'.

    Neighbours that are too near or too far are never picked, and where fewer are left than are
    picked the sum is over these.
    """
    if settings.picked and settings.start >= schedule.epochs:
        raise UserError(
            f"distill.minimax-knn.start = {settings.start} leaves neighbours none of"
            f" {schedule.epochs} epochs: start earlier, or train longer"
        )

    def picked(step: Step) -> Tensor:
        if step.number * step.epochs < settings.start * step.steps:
            return step.logits.new_zeros(())
        chosen, allowed = most_apart(step, settings)
        own, teacher = step.beside(chosen)
        if not allowed.any():
            return 0 * own.sum()
        rows = torch.from_numpy(allowed.ravel())
        loss = kd_loss(own[rows], teacher[rows], settings.temperature)
        return allowed.sum() / len(allowed) * loss

    terms = counting(
        Term(hard, 1 - settings.share),
        Term(soft(settings.temperature), settings.share, ("logits",)),
        Term(picked, settings.weight if settings.picked else 0.0, (NEIGHBOURS,)),
    )
    return (Stage(terms, schedule),)


def most_apart(step: Step, settings: MinimaxSettings) -> tuple[np.ndarray, np.ndarray]:
    """Which further texts of each have the largest divergence, and which of these are allowed.

    The student is asked as it is now, without dropout and without a gradient. Where all are taken
    nobody is asked.

    Returns:
        Both (batch, picked), largest divergence first; what is not allowed comes last.
    """
    further = step.lesson.further
    assert further is not None
    every = np.arange(further.each)[None].repeat(len(step.index), axis=0)
    allowed = np.full(every.shape, True)
    if further.distances is not None:
        distances = further.distances[step.index]
        allowed = (distances >= settings.nearest) & (distances <= settings.farthest)
    if settings.picked == further.each:
        return every, allowed
    student = step.own.reader.model
    trains = student.training
    student.eval()
    with torch.no_grad():
        apart = divergences(*step.beside(every), settings.temperature).view(every.shape).cpu()
    student.train(trains)
    apart[~torch.from_numpy(allowed)] = -torch.inf
    found = apart.topk(settings.picked, dim=1).indices.numpy()
    return found, np.take_along_axis(allowed, found, axis=1)


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

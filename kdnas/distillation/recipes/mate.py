"""MATE-KD: KD on texts that a generator rewrites to divide student and teacher (Rashid 2021)."""

from functools import partial
from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.lesson import GENERATOR, LIVE
from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.distillation.rewriting import rewritten_texts, student_on, teacher_on
from kdnas.distillation.terms import hard, soft
from kdnas.methods import MateSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: MateSettings) -> Recipe:
    """Return the stage of L = (CE(x) + KD(x) + KD(x')) / 3, where x' is x rewritten.

    In the first steps of every cycle the generator makes a step before the student, on the same
    texts; the authors give each of the two batches of its own.
    """
    apart = partial(division, temperature=settings.temperature, objective=settings.objective)

    def rewritten(step: Step) -> Tensor:
        shown = rewritten_texts(step, settings, apart)
        own, teacher = student_on(step, shown), teacher_on(step, shown)
        return kd_loss(own, teacher, settings.temperature)

    third = 1 / 3
    terms = (
        Term(hard, third),
        Term(soft(settings.temperature), third, ("logits",)),
        Term(rewritten, third, (LIVE, GENERATOR)),
    )
    return (Stage(terms, schedule, whole_tables=True),)  # a generator may choose any word


def division(
    own: Tensor,
    teacher: Tensor,
    temperature: float = 1.0,
    objective: Literal["divergence", "cross-entropy"] = "divergence",
) -> Tensor:
    """What the generator makes as large as it can: KL(T(x') || S(x')), or H(T(x'), S(x')).

    Of a single number it is the squared difference. Gradients reach the teacher's logits too.

    Args:
        own: The student's logits, (batch, classes).
        teacher: The teacher's, (batch, classes).
        temperature: Of both.
        objective: The paper's, or that of the authors' code.
    """
    if own.shape[-1] == 1:
        return F.mse_loss(own, teacher)
    log_own, log_teacher = (F.log_softmax(z / temperature, dim=-1) for z in (own, teacher))
    cross = -(log_teacher.exp() * log_own).sum(dim=-1).mean()
    entropy = -(log_teacher.exp() * log_teacher).sum(dim=-1).mean()
    return cross if objective == "cross-entropy" else cross - entropy

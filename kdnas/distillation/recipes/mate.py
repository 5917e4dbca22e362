"""MATE-KD: KD on texts that a generator rewrites to divide student and teacher (Rashid 2021)."""

import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.distillation.generator import Generator, hide, soft_tokens
from kdnas.distillation.lesson import GENERATOR, LIVE
from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.distillation.terms import hard, soft
from kdnas.methods import MateSettings
from kdnas.training import Batch, Schedule, autocast, take


def recipe(schedule: Schedule, settings: MateSettings) -> Recipe:
    """Return the stage of L = (CE(x) + KD(x) + KD(x')) / 3, where x' is x rewritten.

    In the first steps of every cycle the generator makes a step before the student, on the same
    texts; the authors give each of the two batches of its own.
    """

    def rewritten(step: Step) -> Tensor:
        assert step.generator is not None
        assert step.teacher is not None
        batch = take(step.lesson.texts, step.index, step.logits.device)
        if step.number % settings.cycle < settings.generator_steps and settings.masked:
            climb(step, batch, settings)
        shown = step.generator.rewritten(batch, settings.masked)
        with torch.no_grad():
            teacher = step.teacher.see(shown).logits
        with autocast(step.logits.device):
            own = step.own.reader.see(shown)
        return kd_loss(own.logits, teacher, settings.temperature)

    third = 1 / 3
    terms = (
        Term(hard, third),
        Term(soft(settings.temperature), third, ("logits",)),
        Term(rewritten, third, (LIVE, GENERATOR)),
    )
    return (Stage(terms, schedule, whole_tables=True),)  # a generator may choose any word


def climb(step: Step, batch: Batch, settings: MateSettings) -> float:
    """One step of the generator towards texts that divide student and teacher; how far they were.

    Both are without dropout, and stay as they are.
    """
    generator, student = step.generator, step.own.reader.model
    assert generator is not None
    trains = student.training
    student.eval()
    found = objective_of(step, generator, batch, settings)
    student.train(trains)
    generator.climb(found, settings.generator_rate)
    return found.item()


def objective_of(step: Step, generator: Generator, batch: Batch, settings: MateSettings) -> Tensor:
    """What the generator makes as large as it can: KL(T(x') || S(x')), or H(T(x'), S(x')).

    Its gradient goes through the words of x' into both models, so the teacher's answers are no
    constants here. Of a single number it is the squared difference.
    """
    assert step.teacher is not None
    masked = hide(batch, settings.masked, generator.rewriter)
    words = generator.words(masked)
    logits = []
    for reader in (step.own.reader, step.teacher):
        with soft_tokens(reader.model, masked.hidden, words):
            logits.append(reader.see(batch).logits)
    own, teacher = logits
    if own.shape[-1] == 1:
        return F.mse_loss(own, teacher)
    log_own, log_teacher = (F.log_softmax(z / settings.temperature, dim=-1) for z in logits)
    cross = -(log_teacher.exp() * log_own).sum(dim=-1).mean()
    entropy = -(log_teacher.exp() * log_teacher).sum(dim=-1).mean()
    return cross if settings.objective == "cross-entropy" else cross - entropy

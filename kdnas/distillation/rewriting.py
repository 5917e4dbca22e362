"""What methods with a generator share: its turns, its steps, and who answers to its texts."""

from collections.abc import Callable

import torch
from torch import Tensor

from kdnas.distillation.generator import hide, soft_tokens
from kdnas.distillation.recipe import Step
from kdnas.methods import GeneratorSettings
from kdnas.training import Batch, autocast, take

Objective = Callable[..., Tensor]
"""From the student's logits for rewritten texts, and the teacher's where the step has a teacher, to
the scalar that a generator makes as large as it can."""


def rewritten_texts(step: Step, settings: GeneratorSettings, objective: Objective) -> Batch:
    """The texts of a step with new words, which no gradient goes through.

    In the first steps of every cycle the generator makes a step before, on the same texts.
    """
    assert step.generator is not None
    batch = take(step.lesson.texts, step.index, step.logits.device)
    if step.number % settings.cycle < settings.generator_steps and settings.masked:
        climb(step, batch, settings, objective)
    return step.generator.rewritten(batch, settings.masked)


def climb(step: Step, batch: Batch, settings: GeneratorSettings, objective: Objective) -> float:
    """One step of the generator uphill; how far up it was.

    Student and teacher are without dropout, and stay as they are.
    """
    assert step.generator is not None
    student = step.own.reader.model
    trains = student.training
    student.eval()
    found = objective_of(step, batch, settings, objective)
    student.train(trains)
    step.generator.climb(found, settings.generator_rate)
    return found.item()


def objective_of(
    step: Step, batch: Batch, settings: GeneratorSettings, objective: Objective
) -> Tensor:
    """The objective on newly rewritten texts, through whose words its gradient goes.

    It goes into both models, so that the teacher's answers are no constants here.
    """
    generator = step.generator
    assert generator is not None
    masked = hide(batch, settings.masked, generator.rewriter)
    words = generator.words(masked)
    logits = []
    for reader in filter(None, (step.own.reader, step.teacher)):
        with soft_tokens(reader.model, masked.hidden, words):
            logits.append(reader.see(batch).logits)
    return objective(*logits)


def student_on(step: Step, shown: Batch) -> Tensor:
    """The student's logits for other texts than those of its step, (batch, classes)."""
    with autocast(step.logits.device):
        return step.own.reader.see(shown).logits


def teacher_on(step: Step, shown: Batch) -> Tensor:
    """The teacher's logits for other texts, as constants, (batch, classes)."""
    assert step.teacher is not None
    with torch.no_grad():
        return step.teacher.see(shown).logits

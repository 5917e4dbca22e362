"""`distill`: the one function that trains students, whatever the recipe."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.distillation.recipe import LIVE, Lesson, Stage, Step, needs_of
from kdnas.students import StudentForSequenceClassification, only_rows_of
from kdnas.training import EncodedTexts, autocast, decay_groups, epoch_plan, fit, outputs_of, take


def distill(
    student: Any, lesson: Lesson, recipe: Sequence[Stage], seed: int, goes_on: bool = False
) -> float:
    """Train a student in place on the device that it is on.

    Args:
        student: A Hugging Face classifier; it is left in eval mode.
        lesson: Texts, labels, and the signals of the teacher that the recipe needs.
        recipe: The stages, in order.
        seed: Decides the start of the heads, dropout and the order of the texts.
        goes_on: Whether heads and dropout go on drawing where the making of the student ended,
            instead of beginning again from the seed.

    Returns:
        The mean loss of the last epoch; NaN where there is none.

    Raises:
        EvaluationFailed: The loss is not finite.
    """
    if not goes_on:
        torch.manual_seed(seed)
    rng, loss = np.random.default_rng(seed), math.nan
    teacher = lesson.live(student.device) if LIVE in needs_of(recipe) else None
    for stage in recipe:
        heads = [term.heads and term.heads(student).to(student.device) for term in stage.terms]
        trained = nn.ModuleList([student, *filter(None, heads)]).train()
        schedule = stage.schedule
        plan = epoch_plan(lesson.texts.lengths, schedule.batch_size, schedule.epochs, rng)
        with _shown(student, stage, lesson.texts) as texts:
            loss_of = _loss_of(student, stage, heads, lesson, texts, teacher, sum(map(len, plan)))
            loss = fit(decay_groups(trained), plan, loss_of, schedule)
    student.eval()
    return loss


def _loss_of(
    student: Any,
    stage: Stage,
    heads: Sequence[nn.Module | None],
    lesson: Lesson,
    texts: EncodedTexts,
    teacher: Any,
    steps: int,
) -> Callable[[np.ndarray], Tensor]:
    """The loss of the batch of `texts`, as the student sees them, at some positions."""
    numbers = count()

    def loss_of(index: np.ndarray) -> Tensor:
        batch = take(texts, index, student.device)
        with autocast(student.device):
            out = outputs_of(student, batch)
        logits, states = out.logits.float(), out.hidden_states
        step = Step(lesson, index, batch.mask, logits, states, next(numbers), steps, teacher)
        pairs = zip(stage.terms, heads, strict=True)
        return reduce(torch.add, (term.weighted(step, head) for term, head in pairs))

    return loss_of


@contextmanager
def _shown(student: Any, stage: Stage, texts: EncodedTexts) -> Iterator[EncodedTexts]:
    """The texts as ids of the tables that the student has inside the context."""
    if stage.whole_tables or not isinstance(student, StudentForSequenceClassification):
        yield texts
        return
    with only_rows_of(student.student.embedding, texts.ids) as rows:
        yield EncodedTexts(rows, texts.lengths)

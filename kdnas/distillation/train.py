"""`distill`: the one function that trains students, whatever the recipe."""

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import count
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.distillation.generator import Generator
from kdnas.distillation.lesson import ATTENTION, GENERATOR, LIVE, Lesson
from kdnas.distillation.recipe import Stage, Step, Term, needs_of
from kdnas.distillation.seen import Reader, Sizes
from kdnas.students import StudentForSequenceClassification, only_rows_of
from kdnas.training import (
    EncodedTexts,
    autocast,
    decay_groups,
    epoch_plan,
    first_steps,
    fit,
    take,
)

OnEpoch = Callable[[int, int, float], None]
"""Called after each epoch of a stage with its number from 1, how many there are, its mean loss."""


def distill(
    student: Any,
    lesson: Lesson,
    recipe: Sequence[Stage],
    seed: int,
    goes_on: bool = False,
    on_epoch: OnEpoch = lambda epoch, epochs, loss: None,
    on_generator: Callable[[Generator], None] = lambda generator: None,
) -> float:
    """Train a student in place on the device that it is on.

    Args:
        student: A Hugging Face classifier; it is left in eval mode.
        lesson: Texts, labels, and the signals of the teacher that the recipe needs.
        recipe: The stages, in order.
        seed: Decides the start of the heads, dropout and the order of the texts.
        goes_on: Whether heads and dropout go on drawing where the making of the student ended,
            instead of beginning again from the seed.
        on_epoch: Is told of every epoch.
        on_generator: Is given the generator in the end, where there is one.

    Returns:
        The mean loss of the last epoch; NaN where there is none.

    Raises:
        EvaluationFailed: The loss is not finite.
    """
    training = _Training.of(student, lesson, needs_of(recipe))
    if not goes_on:
        torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    loss = math.nan
    for stage in recipe:
        loss = training.run(stage, rng, on_epoch)
    student.eval()
    if training.generator is not None:
        on_generator(training.generator)
    return loss


@dataclass(frozen=True)
class _Training:
    """A student, what it is taught, and teacher and generator where a term asks for them."""

    own: Reader
    lesson: Lesson
    teacher: Reader | None
    generator: Generator | None

    @classmethod
    def of(cls, student: Any, lesson: Lesson, needs: Collection[str]) -> Self:
        """The training of a student with what a recipe needs of the teacher and beside it."""
        read = partial(Reader.of, inputs=lesson.inputs, attention=ATTENTION in needs)
        teacher = read(lesson.live(student.device)) if LIVE in needs else None
        own, generator = read(student), None
        if GENERATOR in needs:
            assert lesson.rewriter is not None
            generator = Generator(lesson.rewriter, *filter(None, (own, teacher)))
        return cls(own, lesson, teacher, generator)

    @property
    def _teachers_sizes(self) -> Sizes:
        signals = self.lesson.signals
        return Sizes.of_signals(signals) if self.teacher is None else Sizes.of(self.teacher.model)

    def run(self, stage: Stage, rng: np.random.Generator, on_epoch: OnEpoch) -> float:
        """Train for one stage, and return the mean loss of its last epoch."""
        student, schedule = self.own.model, stage.schedule
        sizes = Sizes.of(student), self._teachers_sizes
        heads = [term.heads and term.heads(*sizes).to(student.device) for term in stage.terms]
        trained = nn.ModuleList([student, *filter(None, heads)]).train()
        lengths = self.lesson.texts.lengths
        plan = epoch_plan(lengths, schedule.batch_size, schedule.epochs, rng)
        if schedule.steps < 1:
            plan = first_steps(plan, schedule.steps)
        with _shown(student, stage, self.lesson) as shown:
            sum_of = partial(_sum_of, list(zip(stage.terms, heads, strict=True)))
            drawn = _drawn(self.lesson, sum(map(len, plan)), rng)
            steps = self._steps(*shown, drawn, len(plan))
            return fit(
                decay_groups(trained),
                plan,
                lambda index: sum_of(steps(index)),
                schedule,
                lambda epoch, loss: on_epoch(epoch, len(plan), loss),
            )

    def _steps(
        self,
        texts: EncodedTexts,
        others: EncodedTexts | None,
        further: EncodedTexts | None,
        drawn: list[int],
        epochs: int,
    ) -> Callable[[np.ndarray], Step]:
        """Return the function from the positions of a batch in `texts` to its step.

        For each step it is drawn which teacher of a team it has.
        """
        numbers, device = count(), self.own.model.device

        def step_of(index: np.ndarray) -> Step:
            batch = take(texts, index, device)
            with autocast(device):
                own = self.own.see(batch)
            number, steps = next(numbers), len(drawn)
            known = self.teacher, others, further, self.generator, drawn[number]
            return Step(self.lesson, index, own, number, steps, epochs, *known)

        return step_of


def _drawn(lesson: Lesson, steps: int, rng: np.random.Generator) -> list[int]:
    """The teacher of a team for each step; nothing is drawn where there is no choice."""
    if lesson.members < 2:
        return [0] * steps
    found: list[int] = rng.choice(lesson.members, steps, p=lesson.shares or None).tolist()
    return found


def _sum_of(terms: Sequence[tuple[Term, nn.Module | None]], step: Step) -> Tensor:
    """The weighted terms of a step, added up in their order."""
    return reduce(torch.add, (term.weighted(step, heads) for term, heads in terms))


_Shown = tuple[EncodedTexts, EncodedTexts | None, EncodedTexts | None]


@contextmanager
def _shown(student: Any, stage: Stage, lesson: Lesson) -> Iterator[_Shown]:
    """Texts, attacked and further ones, as ids of the tables that the student has inside."""
    further = None if lesson.further is None else lesson.further.texts
    known = lesson.texts, lesson.attacked, further
    if stage.whole_tables or not isinstance(student, StudentForSequenceClassification):
        yield known
        return
    there = [texts for texts in known if texts is not None]
    ids = there[0].ids if len(there) == 1 else _above_each_other(*(t.ids for t in there))
    with only_rows_of(student.student.embedding, ids) as rows:
        ends = np.cumsum([len(texts) for texts in there])[:-1]
        parts = iter(np.split(rows, ends))
        first, others, more = (t if t is None else replace(t, ids=next(parts)) for t in known)
        assert first is not None
        yield first, others, more


def _above_each_other(*some: np.ndarray) -> np.ndarray:
    """Ids of several sets of texts, (texts, longest of all); what fills them up is never read."""
    longest = max(ids.shape[1] for ids in some)
    widths = [((0, 0), (0, longest - ids.shape[1])) for ids in some]
    return np.concatenate([np.pad(i, w, mode="edge") for i, w in zip(some, widths, strict=True)])

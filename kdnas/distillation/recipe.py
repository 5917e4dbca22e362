"""What a recipe consists of: stages of weighted terms, and what a term sees of one batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.config import DistillSettings
from kdnas.distillation.generator import Generator
from kdnas.distillation.lesson import NO_SIGNALS, Lesson
from kdnas.distillation.seen import Reader, Seen, Sizes
from kdnas.errors import UserError
from kdnas.methods import METHODS, Chain
from kdnas.registry import resolve
from kdnas.training import EncodedTexts, Schedule, autocast, take


@dataclass(frozen=True)
class Step:
    """What a term sees of one batch; every tensor is on the student's device.

    Attributes:
        lesson: All texts; their ids are the tokenizer's.
        index: Positions of the batch among them.
        own: What the student gives.
        number, steps: Steps of this stage that are done, and all of them.
        epochs: Of this stage, each of as many steps.
        teacher: The teacher itself, where a term needs it `LIVE`.
        others: The attacked texts as the student reads them, where a term needs them `ATTACKED`.
        further: The further texts as the student reads them, where a term needs some.
        generator: What rewrites texts against the student, where a term needs it.
        member: Which teacher of a team is drawn for the step.
    """

    lesson: Lesson
    index: np.ndarray
    own: Seen
    number: int
    steps: int
    epochs: int = 1
    teacher: Reader | None = None
    others: EncodedTexts | None = None
    further: EncodedTexts | None = None
    generator: Generator | None = None
    member: int = 0

    @property
    def logits(self) -> Tensor:
        """The student's, (batch, classes), float32."""
        return self.own.logits

    @property
    def states(self) -> tuple[Tensor, ...]:
        """What stands for each text in each layer of the student, (batch, width) each, float32."""
        return self.own.states

    @cached_property
    def labels(self) -> Tensor:
        """The true labels, (batch,)."""
        return self.lesson.truth[self.index].to(self.logits.device)

    def signal(self, kind: str) -> Tensor:
        """The teacher's signal of a kind for the texts of the batch, (batch, ...)."""
        return torch.from_numpy(self.lesson.signals[kind][self.index]).to(self.logits.device)

    @cached_property
    def attacked(self) -> Seen:
        """What the student gives for the attacked form of the texts of the batch."""
        assert self.others is not None
        device = self.logits.device
        with autocast(device):
            return self.own.reader.see(take(self.others, self.index, device))

    def beside(self, chosen: np.ndarray) -> tuple[Tensor, Tensor]:
        """The logits of student and teacher for further texts, (batch * k, classes) each.

        Args:
            chosen: Which of those of each text, (batch, k).
        """
        further = self.lesson.further
        assert further is not None
        assert self.further is not None
        rows = (self.index[:, None] * further.each + chosen).ravel()
        device = self.logits.device
        with autocast(device):
            own = self.own.reader.see(take(self.further, rows, device)).logits
        theirs = further.logits.reshape(-1, further.logits.shape[-1])[rows]
        return own, torch.from_numpy(theirs).to(device)

    @cached_property
    def live(self) -> Seen:
        """What the teacher itself gives for the texts of the batch."""
        assert self.teacher is not None
        batch = take(self.lesson.texts, self.index, self.logits.device)
        with torch.no_grad():
            return self.teacher.see(batch)


Weight = float | Callable[[float], float]
"""A constant, or a function of the share of the stage's steps that are done, from 0 up to 1."""


@dataclass(frozen=True)
class Term:
    """One term of a loss.

    Attributes:
        loss: From a step, and the heads where the term has some, to a scalar.
        weight: Its factor in the sum.
        needs: Kinds of signals that it asks for (`kdnas.teachers.SIGNALS`), `LIVE`,
            `ATTENTION`, `ATTACKED`, `AUGMENTED`, `NEIGHBOURS`, `GENERATOR`, `TEAM_LOGITS` or
            `TEAM_SCORES`.
        heads: From the sizes of student and teacher to a module that is trained along and thrown
            away.
    """

    loss: Callable[..., Tensor]
    weight: Weight = 1.0
    needs: tuple[str, ...] = ()
    heads: Callable[[Sizes, Sizes], nn.Module] | None = None

    def weighted(self, step: Step, heads: nn.Module | None) -> Tensor:
        """The loss times the weight at that step."""
        done = step.number / step.steps
        weight = self.weight(done) if callable(self.weight) else self.weight
        return weight * (self.loss(step) if heads is None else self.loss(step, heads))


@dataclass(frozen=True)
class Stage:
    """A part of a training with one sum of terms.

    Attributes:
        terms: What is added up.
        schedule: How the texts are gone through.
        whole_tables: Whether word rows that no text uses take part in the steps. They do not move
            either way, but the norm of a clipped gradient is summed in another order.
    """

    terms: tuple[Term, ...]
    schedule: Schedule
    whole_tables: bool = False


Recipe = tuple[Stage, ...]


def counting(*terms: Term) -> tuple[Term, ...]:
    """The terms without those of weight 0, which need no signal, no head and no time.

    Raises:
        UserError: All have weight 0.
    """
    kept = tuple(term for term in terms if term.weight != 0)
    if not kept:
        raise UserError("every term of the loss has weight 0: give one of them another weight")
    return kept


def signals_of(recipe: Sequence[Stage]) -> tuple[str, ...]:
    """The signals that the terms of a recipe ask of one teacher: what is computed beforehand."""
    return tuple(need for need in needs_of(recipe) if need not in NO_SIGNALS)


def needs_of(recipe: Sequence[Stage]) -> tuple[str, ...]:
    """Everything that the terms of a recipe ask of the teacher, each once."""
    return tuple(dict.fromkeys(n for stage in recipe for term in stage.terms for n in term.needs))


def shortened(recipe: Sequence[Stage], share: float) -> Recipe:
    """The same stages with this share of their epochs, one each at least."""
    return tuple(
        replace(s, schedule=replace(s.schedule, epochs=max(round(share * s.schedule.epochs), 1)))
        for s in recipe
    )


def schedule_of(settings: DistillSettings) -> Schedule:
    """The schedule that all methods begin with; some have a rate and epochs of their own."""
    return Schedule(
        learning_rate=settings.learning_rate,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        weight_decay=settings.weight_decay,
        warmup=settings.warmup,
        clip=settings.clip,
    )


def chain_of(settings: DistillSettings, method: str | None = None) -> Chain:
    """Who is trained before a student that a method teaches.

    Args:
        settings: The section `distill`.
        method: None for the one that teaches the students of a search.
    """
    name = settings.method if method is None else method
    return METHODS[name].chain(settings.table(name))


def recipe_of(
    settings: DistillSettings, method: str | None = None, schedule: Schedule | None = None
) -> Recipe:
    """The stages of a method.

    Args:
        settings: The section `distill`.
        method: None for the one that teaches the students of a search.
        schedule: None for that of the section.
    """
    name = settings.method if method is None else method
    make = METHODS[name].recipe
    function = resolve(make) if isinstance(make, str) else make
    stages = function(schedule or schedule_of(settings), settings.table(name))
    return tuple(stages)

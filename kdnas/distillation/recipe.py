"""What a recipe consists of: stages of weighted terms, and what a term sees of one batch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kdnas.config import DistillSettings
from kdnas.distillation.generator import Generator, Rewriter
from kdnas.distillation.seen import Reader, Seen, Sizes
from kdnas.errors import UserError
from kdnas.methods import METHODS, Chain
from kdnas.registry import resolve
from kdnas.training import PLAIN, EncodedTexts, Inputs, Schedule, autocast, take

LIVE = "teacher"
"""The need of a term that asks the teacher itself, for what cannot be computed beforehand."""

ATTENTION = "attention"
"""The need of a term that compares maps of attention of the student and of the teacher itself."""

ATTACKED = "attacked"
"""The need of a term that shows the student the attacked form of the texts."""

TEAM_LOGITS, TEAM_SCORES = "team_logits", "team_scores"
"""The needs of a method with a team of teachers: what each says of the texts, (texts, teachers,
classes), and how good each is on search-val, (teachers,)."""

AUGMENTED = "augmented"
"""The need of a term that shows the student texts in which words became synonyms."""

NEIGHBOURS = "neighbours"
"""The need of a term that shows the student the nearest unlabelled texts."""

GENERATOR = "generator"
"""The need of a term that has texts rewritten by a generator, against the student."""

_NO_SIGNALS = (
    LIVE, ATTENTION, ATTACKED, AUGMENTED, NEIGHBOURS, GENERATOR, TEAM_LOGITS, TEAM_SCORES,
)  # fmt: skip
"""Needs that are not computed of one teacher beforehand."""


@dataclass(frozen=True)
class FurtherTexts:
    """What stands beside the training texts, as many for each of them.

    Attributes:
        texts: First all of the first training text, then those of the second, and so on.
        logits: The teacher's, (training texts, each, classes), float32.
        distances: How far each is from its training text in the teacher's last state, the angle
            over pi, (training texts, each), float32; None where no term asks.
    """

    texts: EncodedTexts
    logits: np.ndarray
    distances: np.ndarray | None = None

    @property
    def each(self) -> int:
        """How many there are for one training text."""
        return self.logits.shape[1]


@dataclass(frozen=True)
class Lesson:
    """What a student is taught.

    Attributes:
        texts: The training texts.
        labels: Their true classes, or numbers.
        signals: The teacher on the texts, an array of each kind, (texts, ...), float32; those of a
            team among them (`TEAM_LOGITS`, `TEAM_SCORES`).
        live: Loads the teacher itself onto a device, in eval mode; for terms that need it `LIVE`.
        inputs: From a transformer, such as the teacher, to how it reads the texts.
        attacked: The attacked form of each text, or itself; for terms that need it `ATTACKED`.
        shares: How often each teacher of a team is drawn, of sum 1; empty where it is equally.
        further: Texts for terms that need them `AUGMENTED`, or `NEIGHBOURS`.
        rewriter: What the generator of each training begins as, for terms that need it.
    """

    texts: EncodedTexts
    labels: Sequence[int] | Sequence[float]
    signals: Mapping[str, np.ndarray] = field(default_factory=dict)
    live: Callable[[torch.device], Any] = lambda device: None
    inputs: Callable[[Any], Inputs] = lambda model: PLAIN
    attacked: EncodedTexts | None = None
    further: FurtherTexts | None = None
    rewriter: Rewriter | None = None
    shares: tuple[float, ...] = ()

    @property
    def members(self) -> int:
        """How many teachers a team has; 0 where there is none."""
        return self.signals[TEAM_LOGITS].shape[1] if TEAM_LOGITS in self.signals else 0

    @cached_property
    def truth(self) -> Tensor:
        """The true labels, (texts,)."""
        return torch.tensor(self.labels)


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
    return tuple(need for need in needs_of(recipe) if need not in _NO_SIGNALS)


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

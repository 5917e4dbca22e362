"""Weights of the teachers of a team, learned while a student is taught (AutoSKDBERT).

Its paper says what is learned, in two phases, and that only the weight of the teacher that was
drawn moves in a step. How the loss on held-out texts moves it is not known from there: both ways
are reconstructions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.distillation.held_out import only, split
from kdnas.distillation.lesson import Lesson
from kdnas.distillation.losses import hard_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, needs_of
from kdnas.distillation.seen import Reader
from kdnas.distillation.train import distill
from kdnas.distillation.unrolled import agreement
from kdnas.methods.team import ShareSearch
from kdnas.seeds import derived_seed
from kdnas.training import Batch, Schedule, autocast, take

_MEMORY = 0.9
"""What the running mean of the gains keeps of itself in each step."""


@dataclass(frozen=True)
class Learned:
    """What the two phases come to.

    Attributes:
        shares: How often each teacher is drawn, of sum 1; 0 for those that were discarded.
        kept: The others, by their numbers.
        moved: What the discarded had after the first phase, and left to the others.
    """

    shares: tuple[float, ...]
    kept: tuple[int, ...]
    moved: float


class TeamWeights:
    """theta, with p = softmax(theta); a step moves one entry.

    The moments that Adam has of the others stay as they are, too.

    Args:
        shares: p at the start, all positive.
        rate: Of Adam.
    """

    def __init__(self, shares: Sequence[float] | np.ndarray, rate: float) -> None:
        self.theta = torch.tensor(np.log(shares), dtype=torch.float64, requires_grad=True)
        self._optimiser = torch.optim.SparseAdam([self.theta], lr=rate)

    @property
    def shares(self) -> np.ndarray:
        """p, of sum 1."""
        shares: np.ndarray = self.theta.detach().softmax(0).numpy()
        return shares

    def raise_by(self, member: int, gain: float) -> None:
        """Move the weight of one teacher up by (1 - p_i) gain, as Adam scales it."""
        gradient = -(1 - self.shares[member]) * gain
        place, value = torch.tensor([[member]]), torch.tensor([gradient], dtype=torch.float64)
        self.theta.grad = torch.sparse_coo_tensor(
            place, value, self.theta.shape, check_invariants=True
        )
        self._optimiser.step()


def learned_shares(
    make: Callable[[int], Any],
    lesson: Lesson,
    recipe: Recipe,
    seed: int,
    search: ShareSearch,
    goes_on: bool = False,
) -> Learned:
    """Learn how often each teacher is to be drawn, with a student that is then thrown away.

    The student goes on from the first phase, with all teachers, into the second, with those that
    are kept.

    Args:
        make: From a seed to a fresh student.
        lesson: What two teachers or more give.
        recipe: SKD; the phases have the terms and the schedule of its last stage.
        seed: Decides about everything.
        search: How it is learned.
        goes_on: See `distill`.

    Raises:
        EvaluationFailed: A loss is not finite.
    """
    training, held_out = split(lesson, search.held_out, seed)
    student, members = make(seed), lesson.members
    epochs = search.epochs or recipe[-1].schedule.epochs
    stage = replace(recipe[-1], schedule=replace(recipe[-1].schedule, epochs=epochs))

    def phase(taught: Lesson, start: np.ndarray, own: int, goes_on: bool) -> np.ndarray:
        weights = TeamWeights(start, search.rate)
        learn = Learning(weights, stage, held_out, search.update, np.random.default_rng(own))
        distill(student, taught, (learn.stage,), own, goes_on)
        learn.settle()
        return weights.shares

    first = phase(training, np.full(members, 1 / members), seed, goes_on)
    kept = selected(first, search.keep)
    start = handed_on(first, kept, search.moved)
    if len(kept) > 1:
        again = derived_seed(seed, "second phase")
        start = phase(only(training, kept), start, again, True)
    shares = np.zeros(members)
    shares[list(kept)] = start
    return Learned(tuple(shares.tolist()), kept, float(1 - first[list(kept)].sum()))


def selected(shares: np.ndarray, keep: int | None) -> tuple[int, ...]:
    """The teachers with the largest shares, in order; None for those with an equal part or more."""
    if keep is None:
        return tuple(np.flatnonzero(shares >= 1 / len(shares) - 1e-12).tolist())
    return tuple(sorted(np.argsort(-shares, kind="stable")[:keep].tolist()))


def handed_on(shares: np.ndarray, kept: Sequence[int], moved: str) -> np.ndarray:
    """The shares of those that are kept, of sum 1 again.

    Args:
        shares: Of all.
        kept: Numbers of those that are kept.
        moved: `proportional` or `equal`: how they have the rest among them.
    """
    own = shares[list(kept)]
    return own / own.sum() if moved == "proportional" else own + (1 - own.sum()) / len(kept)


@dataclass
class Learning:
    """One phase: a loss for `distill` that moves the weights of a team as it goes.

    Attributes:
        weights: Of the team.
        taught: The stage of SKD.
        held_out: The texts that decide about the weights.
        update: By which gain: `unrolled` or `reward`.
        rng: Draws teachers and held-out texts.
        drawn: The teacher of each step so far.
    """

    weights: TeamWeights
    taught: Stage
    held_out: Lesson
    update: str
    rng: np.random.Generator
    drawn: list[int] = field(default_factory=list)
    _mean: float | None = None
    _owed: Callable[[], float] | None = None

    @property
    def stage(self) -> Stage:
        """What the student is trained by; held-out texts need rows that no other text uses."""
        term = Term(self._loss, needs=needs_of((self.taught,)))
        return Stage((term,), self.taught.schedule, whole_tables=True)

    def settle(self) -> None:
        """Move the weight of the last teacher, where what it led to had to be waited for."""
        owed, self._owed = self._owed, None
        if owed is not None:
            self._move(owed())

    def _loss(self, step: Step) -> Tensor:
        self.settle()
        shares = self.weights.shares
        self.drawn.append(int(self.rng.choice(len(shares), p=shares)))
        own = replace(step, member=self.drawn[-1])
        loss = reduce(torch.add, (term.weighted(own, None) for term in self.taught.terms))
        judged = self._judge(step.own.reader)
        if self.update == "unrolled":
            self._move(agreement(step.own.reader.model, loss, judged, self._schedule))
        else:
            with torch.no_grad():
                before = float(judged())
            self._owed = lambda: before - _value(judged)
        return loss

    @property
    def _schedule(self) -> Schedule:
        return self.taught.schedule

    def _move(self, gain: float) -> None:
        """Raise the weight of the teacher of the step by what it gained more than usual.

        What all have in common, such as the true labels, would raise whoever is drawn.
        """
        usual = gain if self._mean is None else self._mean
        self._mean = _MEMORY * usual + (1 - _MEMORY) * gain
        self.weights.raise_by(self.drawn[-1], gain - usual)

    def _judge(self, reader: Reader) -> Callable[[], Tensor]:
        """The student's loss on a batch of held-out texts, in eval mode."""
        size = min(self._schedule.batch_size, len(self.held_out.texts))
        index = self.rng.choice(len(self.held_out.texts), size, replace=False)
        model = reader.model
        batch: Batch = take(self.held_out.texts, index, model.device)
        truth = self.held_out.truth[index].to(model.device)

        def loss() -> Tensor:
            model.eval()
            with autocast(model.device):
                logits = reader.see(batch).logits
            model.train()
            return hard_loss(logits, truth)

        return loss


def _value(loss: Callable[[], Tensor]) -> float:
    with torch.no_grad():
        return float(loss())

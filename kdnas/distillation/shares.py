"""How often each teacher of a team is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kdnas.distillation.held_out import held_out_loss, only, split
from kdnas.distillation.lesson import TEAM_SCORES, Lesson
from kdnas.distillation.recipe import Recipe
from kdnas.distillation.team_weights import learned_shares
from kdnas.distillation.train import distill
from kdnas.methods.team import ShareSearch, Team
from kdnas.seeds import derived_seed

HELD_OUT = 0.1
"""Share of the training texts that students are ranked by and do not see."""


def with_shares(
    make: Callable[[int], Any],
    lesson: Lesson,
    recipe: Recipe,
    seed: int,
    team: Team,
    goes_on: bool = False,
) -> Lesson:
    """The lesson with the shares of each teacher, by `Team.sampling`.

    Args:
        make: From a seed to a fresh student, for those that find them.
        lesson: What the team gives.
        recipe: What those students are taught by.
        seed: Of the last training; theirs is derived from it, one for all.
        team: The team.
        goes_on: See `distill`.

    Raises:
        EvaluationFailed: A loss is not finite.
    """
    by, own = team.sampling, derived_seed(seed, "team")
    if isinstance(by, ShareSearch):
        found = learned_shares(make, lesson, recipe, own, by, goes_on)
        return replace(lesson, shares=found.shares)
    if by == "teacher-rank":
        return replace(lesson, shares=rank_shares(lesson.signals[TEAM_SCORES]))
    if by == "student-rank":
        losses = _losses_alone(make, lesson, recipe, own, goes_on)
        return replace(lesson, shares=rank_shares(-losses))
    return lesson


def rank_shares(scores: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """p_i = r_i / sum r, the rank r from 1 for the lowest score; equal ones have their mean rank.

    >>> rank_shares([0.9, 0.7])
    (0.6666666666666666, 0.3333333333333333)
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    return tuple((ranks / ranks.sum()).tolist())


def _losses_alone(
    make: Callable[[int], Any], lesson: Lesson, recipe: Recipe, seed: int, goes_on: bool
) -> np.ndarray:
    """The loss on held-out texts of a student that each teacher alone has taught, (teachers,)."""
    training, held_out = split(lesson, HELD_OUT, seed)
    losses = []
    for member in range(lesson.members):
        student = make(seed)
        distill(student, only(training, [member]), recipe, seed, goes_on)
        losses.append(held_out_loss(student, held_out))
    return np.array(losses)

"""How often each teacher of a team is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from kdnas.distillation.losses import hard_loss
from kdnas.distillation.recipe import TEAM_LOGITS, TEAM_SCORES, Lesson, Recipe
from kdnas.distillation.seen import Reader
from kdnas.distillation.train import distill
from kdnas.methods.team import Team
from kdnas.seeds import derived_seed
from kdnas.training import logits_of, predict

HELD_OUT = 0.1
"""Share of the training texts that earlier students are judged by and do not see."""


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
        make: From a seed to a fresh student, for those that teachers are ranked by.
        lesson: What the team gives.
        recipe: What each of those students is taught by, with a team of one.
        seed: Of the last training; theirs is derived from it, one for all.
        team: The team.
        goes_on: See `distill`.

    Raises:
        EvaluationFailed: A loss is not finite.
    """
    if team.sampling == "teacher-rank":
        return replace(lesson, shares=rank_shares(lesson.signals[TEAM_SCORES]))
    if team.sampling != "student-rank":
        return lesson
    seed = derived_seed(seed, "team")
    lessons = split(lesson, HELD_OUT, seed)
    losses = []
    for member in range(lesson.members):
        alone, held_out = (only(each, [member]) for each in lessons)
        student = make(seed)
        distill(student, alone, recipe, seed, goes_on)
        losses.append(held_out_loss(student, held_out))
    return replace(lesson, shares=rank_shares(-np.array(losses)))


def rank_shares(scores: Sequence[float] | np.ndarray) -> tuple[float, ...]:
    """p_i = r_i / sum r, the rank r from 1 for the lowest score; equal ones have their mean rank.

    >>> rank_shares([0.9, 0.7])
    (0.6666666666666666, 0.3333333333333333)
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    return tuple((ranks / ranks.sum()).tolist())


def split(lesson: Lesson, share: float, seed: int) -> tuple[Lesson, Lesson]:
    """A lesson without a share of its texts, and with these alone; one text each at least."""
    texts = len(lesson.texts)
    order = np.random.default_rng(seed).permutation(texts)
    cut = min(max(round(share * texts), 1), texts - 1)
    return _part(lesson, np.sort(order[cut:])), _part(lesson, np.sort(order[:cut]))


def _part(lesson: Lesson, index: np.ndarray) -> Lesson:
    per_text = {kind: array for kind, array in lesson.signals.items() if kind != TEAM_SCORES}
    return replace(
        lesson,
        texts=lesson.texts[index],
        labels=[lesson.labels[i] for i in index],
        signals={kind: array[index] for kind, array in per_text.items()},
        attacked=None if lesson.attacked is None else lesson.attacked[index],
    )


def only(lesson: Lesson, members: Sequence[int]) -> Lesson:
    """The lesson of some of the teachers of a team, each drawn as often."""
    answers = lesson.signals[TEAM_LOGITS][:, list(members)]
    return replace(lesson, signals={**lesson.signals, TEAM_LOGITS: answers}, shares=())


def held_out_loss(student: Any, lesson: Lesson) -> float:
    """The loss of a student in eval mode with the true labels of a lesson."""
    inputs = Reader.of(student, lesson.inputs).inputs
    logits = predict(logits_of(student, inputs), lesson.texts, student.device)
    return float(hard_loss(torch.from_numpy(logits), lesson.truth))

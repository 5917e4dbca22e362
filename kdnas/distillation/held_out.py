"""Parts of a lesson: some of its texts, or some of the teachers of a team."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from kdnas.distillation.lesson import TEAM_LOGITS, TEAM_SCORES, Lesson
from kdnas.distillation.losses import hard_loss
from kdnas.distillation.seen import Reader
from kdnas.training import logits_of, predict


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

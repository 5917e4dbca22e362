"""A student that its own earlier trainings teach, or that they choose teachers for."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import torch

from kdnas.distillation.generator import Generator
from kdnas.distillation.lesson import Lesson
from kdnas.distillation.recipe import Recipe, Stage, Term
from kdnas.distillation.seen import Reader
from kdnas.distillation.shares import with_shares
from kdnas.distillation.terms import hard
from kdnas.distillation.train import OnEpoch, distill
from kdnas.methods import Chain
from kdnas.seeds import derived_seed
from kdnas.training import logits_of, predict


def teach(
    make: Callable[[int], Any],
    lesson: Lesson,
    recipe: Recipe,
    seed: int,
    chain: Chain,
    goes_on: bool = False,
    on_epoch: OnEpoch = lambda epoch, epochs, loss: None,
    on_generator: Callable[[Generator], None] = lambda generator: None,
) -> tuple[Any, float]:
    """Train a student, after the earlier generations of it that a method asks for.

    Args:
        make: From a seed to a fresh student.
        lesson: What the teacher gives; after the first generation the logits are those of the
            generations.
        recipe: Of every training but one with true labels alone.
        seed: Decides about the last training; those of the others are derived from it.
        chain: How many generations there are, who teaches them, and how a team is drawn from.
        goes_on: See `distill`.
        on_epoch: Is told of every epoch, those of earlier generations too.
        on_generator: See `distill`; of the last training.

    Returns:
        The student, and the mean loss of its last epoch.

    Raises:
        EvaluationFailed: A loss or a logit is not finite.
    """
    if chain.team is not None:
        lesson = with_shares(make, lesson, recipe, seed, chain.team, goes_on)
    answers: list[np.ndarray] = []
    for number in range(chain.generations):
        own = derived_seed(seed, "generation", number)
        earlier = make(own)
        first = chain.alone and number == 0
        taught = _with_labels(recipe) if first else recipe
        distill(earlier, lesson, taught, own, goes_on, on_epoch)
        reader = Reader.of(earlier, lesson.inputs)
        answers.append(predict(logits_of(earlier, reader.inputs), lesson.texts, earlier.device))
        logits = joined(answers) if chain.ensemble else answers[-1]
        lesson = replace(lesson, signals={**lesson.signals, "logits": logits})
    student = make(seed)
    if lesson.shares:
        student.config.team_shares = list(lesson.shares)  # for whoever has the saved student
    return student, distill(student, lesson, recipe, seed, goes_on, on_epoch, on_generator)


def joined(answers: Sequence[np.ndarray]) -> np.ndarray:
    """Logits of the mean answer of several models; the mean of numbers.

    Args:
        answers: Logits of each, (texts, classes), or numbers, (texts, 1).

    Returns:
        The logarithms of the mean shares, (texts, classes), or the mean number.
    """
    if answers[0].shape[1] == 1:
        return np.mean(answers, axis=0)
    logs = [torch.from_numpy(each).log_softmax(dim=1) for each in answers]
    found: np.ndarray = (reduce(torch.logaddexp, logs) - np.log(len(logs))).numpy()
    return found


def _with_labels(recipe: Recipe) -> Recipe:
    """The same stages with the loss of true labels alone."""
    return tuple(Stage((Term(hard),), stage.schedule) for stage in recipe)

"""Augmentation: KD on the texts, and on what they are with synonyms in them (Morris 2020)."""

import numpy as np
from torch import Tensor

from kdnas.distillation.lesson import AUGMENTED
from kdnas.distillation.losses import hard_loss, kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard, soft
from kdnas.methods import AugmentationSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: AugmentationSettings) -> Recipe:
    """Return the stage of (1 - a) CE + a KD, a mean over the texts and those made of them.

    What is made of a text keeps its label. Without the original texts the mean is over the others.
    """
    original = 1 / (1 + settings.made) if settings.mixed else 0.0
    share = settings.share

    def made(step: Step) -> Tensor:
        every = np.arange(settings.made)[None].repeat(len(step.index), axis=0)
        own, teacher = step.beside(every)
        truth = step.labels.repeat_interleave(settings.made)
        answers = share and share * kd_loss(own, teacher, settings.temperature)
        return (1 - share) * hard_loss(own, truth) + answers

    terms = counting(
        Term(hard, original * (1 - share)),
        Term(soft(settings.temperature), original * share, ("logits",)),
        Term(made, 1 - original, (AUGMENTED,)),
    )
    return (Stage(terms, schedule),)

"""MT-BERT: all teachers of a team at once, weighted text by text (Wu 2021)."""

from torch import Tensor

from kdnas.distillation.lesson import TEAM_LOGITS
from kdnas.distillation.losses import team_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.methods.several import MTBERTSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: MTBERTSettings) -> Recipe:
    """Return the stage of L = sum_i CE(T_i / t, S / t) / (1 + CE(y, T_i)), with no other term."""

    def weighted(step: Step) -> Tensor:
        answers = step.signal(TEAM_LOGITS)
        return team_loss(step.logits, answers, step.labels, settings.temperature)

    return (Stage((Term(weighted, needs=(TEAM_LOGITS,)),), schedule),)

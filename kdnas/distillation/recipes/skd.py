"""SKD: true labels and the answers of one teacher of a team, drawn for each step."""

from torch import Tensor

from kdnas.distillation.lesson import TEAM_LOGITS, TEAM_SCORES
from kdnas.distillation.losses import kd_loss
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.terms import hard
from kdnas.methods.several import AutoSKDSettings, SKDSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: SKDSettings | AutoSKDSettings) -> Recipe:
    """Return the stage of L = (1 - share) CE + share KD(S, T_i), i drawn anew for each batch."""

    def sampled(step: Step) -> Tensor:
        answers = step.signal(TEAM_LOGITS)[:, step.member]
        return kd_loss(step.logits, answers, settings.temperature)

    team = settings.chain.team
    ranked = (TEAM_SCORES,) if team and team.sampling == "teacher-rank" else ()
    terms = counting(
        Term(hard, 1 - settings.share),
        Term(sampled, settings.share, (TEAM_LOGITS, *ranked)),
    )
    return (Stage(terms, schedule),)

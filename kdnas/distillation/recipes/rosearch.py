"""RoSearch: KD, probes on every layer, and the logits themselves (Guo 2021, section 6.1)."""

from functools import partial

from torch import Tensor

from kdnas.distillation.follow import followed_layers
from kdnas.distillation.losses import probe_loss
from kdnas.distillation.probes import StudentProbes
from kdnas.distillation.recipe import Recipe, Stage, Step, Term, counting
from kdnas.distillation.seen import Sizes
from kdnas.distillation.terms import logits, soft
from kdnas.methods import RoSearchSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: RoSearchSettings) -> Recipe:
    """Return the stage of L = 0.5 KD(t = 2) + 0.25 probes + 0.25 logit MSE by default.

    True labels play no part.
    """

    def probe(step: Step, probes: StudentProbes) -> Tensor:
        if not probes.heads:
            return step.logits.new_zeros(())
        teacher = step.signal("probe_logits")
        blocks, layers = len(step.states), teacher.shape[1] - 1
        followed = followed_layers(settings.layer_map, blocks, layers)[: len(probes.heads)]
        return probe_loss(probes(step.states), teacher[:, followed], settings.probe_temperature)

    heads = partial(_probes, last=settings.probe_last)
    kd = soft(settings.temperature, settings.kd_direction)
    terms = counting(
        Term(kd, settings.kd_weight, ("logits",)),
        Term(probe, settings.probe_weight, ("probe_logits",), heads),
        Term(logits, settings.logit_weight, ("logits",)),
    )
    return (Stage(terms, schedule),)


def _probes(own: Sizes, teacher: Sizes, last: bool) -> StudentProbes:
    """A probe on every layer of a student, on the last one only if it is asked for."""
    return StudentProbes(own.layers if last else own.layers - 1, own.width, own.classes)

"""RoSearch: KD, probes on every block, and the logits themselves (Guo 2021, section 6.1)."""

from functools import partial
from typing import Any

from torch import Tensor

from kdnas.distillation.follow import followed_layers
from kdnas.distillation.losses import kd_loss, logit_loss, probe_loss
from kdnas.distillation.probes import StudentProbes
from kdnas.distillation.recipe import Recipe, Stage, Step, Term
from kdnas.methods import RoSearchSettings
from kdnas.training import Schedule


def recipe(schedule: Schedule, settings: RoSearchSettings) -> Recipe:
    """Return the stage of L = 0.5 KD(t = 2) + 0.25 probes + 0.25 logit MSE by default.

    True labels play no part.
    """

    def kd(step: Step) -> Tensor:
        teacher = step.signal("logits")
        return kd_loss(step.logits, teacher, settings.temperature, settings.kd_direction)

    def probe(step: Step, probes: StudentProbes) -> Tensor:
        teacher = step.signal("probe_logits")
        blocks, layers = len(step.states), teacher.shape[1] - 1
        followed = followed_layers(settings.layer_map, blocks, layers)[: len(probes.heads)]
        student = probes(step.states, step.mask)
        return probe_loss(student, teacher[:, followed], settings.probe_temperature)

    def mse(step: Step) -> Tensor:
        return logit_loss(step.logits, step.signal("logits"))

    terms = (
        Term(kd, settings.kd_weight, ("logits",)),
        Term(
            probe,
            settings.probe_weight,
            ("probe_logits",),
            partial(_probes, last=settings.probe_last),
        ),
        Term(mse, settings.logit_weight, ("logits",)),
    )
    return (Stage(terms, schedule),)


def _probes(student: Any, last: bool) -> StudentProbes:
    """A probe on every block of a student, on the last one only if it is asked for."""
    network = student.student
    classes, width = network.classifier.weight.shape
    return StudentProbes(network.repeats if last else network.repeats - 1, width, classes)

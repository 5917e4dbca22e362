"""Terms that several recipes share."""

from collections.abc import Callable
from typing import Literal

from torch import Tensor, nn

from kdnas.distillation.losses import hard_loss, kd_loss, logit_loss
from kdnas.distillation.recipe import Step
from kdnas.distillation.seen import Sizes


def hard(step: Step) -> Tensor:
    """The loss with the true labels."""
    return hard_loss(step.logits, step.labels)


def soft(
    temperature: float, direction: Literal["forward", "reverse"] = "forward"
) -> Callable[[Step], Tensor]:
    """KD with the teacher's logits at a temperature."""

    def kd(step: Step) -> Tensor:
        return kd_loss(step.logits, step.signal("logits"), temperature, direction)

    return kd


def logits(step: Step) -> Tensor:
    """The squared error of the logits with the teacher's."""
    return logit_loss(step.logits, step.signal("logits"))


def projection(own: Sizes, teacher: Sizes) -> nn.Module:
    """Map states of the student to the teacher's width; nothing is learned where both are alike.

    It is on the student's side: a map of the teacher's states could shrink them to nothing.
    """
    return nn.Identity() if own.width == teacher.width else nn.Linear(own.width, teacher.width)

"""Settings of the methods that came with a search for students."""

from dataclasses import dataclass
from typing import Literal

from kdnas.limits import NotNegative, Positive, Share
from kdnas.methods.settings import MethodSettings


@dataclass(frozen=True)
class RoSearchSettings(MethodSettings):
    """The loss of RoSearch (Guo 2021, section 6.1).

    Attributes:
        kd_weight, probe_weight, logit_weight: Weights of the three terms.
        temperature: Temperature of the KD term.
        kd_direction: `forward` is KL(teacher || student), `reverse` the other way round.
        probe_temperature: Temperature of the probe term.
        probe_last: Whether the last layer has a probe besides the classifier.
        layer_map: Which teacher layer a layer's probe follows, a rule of
            `kdnas.distillation.followed_layers`.
    """

    kd_weight: NotNegative = 0.5
    probe_weight: NotNegative = 0.25
    logit_weight: NotNegative = 0.25
    temperature: Positive = 2.0
    kd_direction: Literal["forward", "reverse"] = "forward"
    probe_temperature: Positive = 1.0
    probe_last: bool = True
    layer_map: Literal["ceil", "stride"] = "ceil"


@dataclass(frozen=True)
class AdaBERTSettings(MethodSettings):
    """The loss of AdaBERT's students (Chen 2020).

    Attributes:
        gamma: Share of the teacher's probes, the rest are true labels.
    """

    gamma: Share = 0.8

"""The section `distill`: how a student is taught."""

from typing import Literal

from kdnas.config.section import Count, NotNegative, Positive, Section, Share


class DistillSettings(Section):
    """The distillation of one student.

    Attributes:
        kd_weight, probe_weight, logit_weight: Weights of the three loss terms.
        temperature: Of the KD term.
        kd_direction: `forward` is KL(teacher || student), `reverse` the other way round.
        layer_map: Which teacher layer a block's probe follows: `ceil` (b L / R, rounded up) or
            `stride` (b times L / R, rounded down).
        probe_last: Whether the last block has a probe besides the classifier.
        clip: Largest norm of the gradient.
        warmup: Share of the steps in which the learning rate rises; then it falls to 0.
    """

    epochs: Count = 15
    learning_rate: Positive = 5e-4
    batch_size: Count = 32
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    clip: Positive = 1.0
    kd_weight: NotNegative = 0.5
    probe_weight: NotNegative = 0.25
    logit_weight: NotNegative = 0.25
    temperature: Positive = 2.0
    kd_direction: Literal["forward", "reverse"] = "forward"
    probe_temperature: Positive = 1.0
    probe_last: bool = True
    layer_map: Literal["ceil", "stride"] = "ceil"

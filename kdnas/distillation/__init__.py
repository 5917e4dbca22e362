"""Distillation: a student learns from a teacher's logits and probes (Guo 2021, section 5.4).

The loss is 0.5 KD + 0.25 probe + 0.25 logit MSE; each term is a free function. `distill` trains a
student; `layer_map` says which teacher layer each block follows.
"""

from kdnas.distillation.distill import distill
from kdnas.distillation.losses import kd_loss, logit_loss, probe_loss
from kdnas.distillation.probes import StudentProbes, layer_map

__all__ = ["StudentProbes", "distill", "kd_loss", "layer_map", "logit_loss", "probe_loss"]

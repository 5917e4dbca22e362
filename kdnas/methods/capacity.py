"""Settings of the methods for students that are much smaller than their teacher."""

from dataclasses import dataclass

from kdnas.limits import Count, Share
from kdnas.methods.settings import MethodSettings


@dataclass(frozen=True)
class AnnealingSettings(MethodSettings):
    """Annealing (Jafari 2021).

    Attributes:
        temperatures: tau_max: how many steps the teacher's logits take from small to whole.
        first: Share of the epochs that are for the first stage, the rest is for true labels.
    """

    temperatures: Count = 7
    first: Share = 0.7

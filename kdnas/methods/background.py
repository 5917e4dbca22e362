"""Settings of the limits and the background of distillation."""

from dataclasses import dataclass

from kdnas.limits import Positive, Share
from kdnas.methods.settings import MethodSettings


@dataclass(frozen=True)
class KDSettings(MethodSettings):
    """Knowledge distillation (Hinton 2015).

    Attributes:
        share: Of the teacher's answers, the rest are true labels.
        temperature: Temperature of the teacher's answers.
    """

    share: Share = 0.5
    temperature: Positive = 2.0


@dataclass(frozen=True)
class LabelSmoothingSettings(MethodSettings):
    """Label smoothing (Szegedy 2016).

    Attributes:
        smoothing: Share of the target that is spread evenly over all classes.
    """

    smoothing: Share = 0.1


@dataclass(frozen=True)
class TeacherFreeSettings(MethodSettings):
    """KD from a teacher that nobody trained (Yuan 2020).

    Attributes:
        share: Of that teacher, the rest are true labels.
        correct: What it gives to the true class; the others have equal parts of the rest.
        temperature: Temperature of its answers.
    """

    share: Share = 0.5
    correct: Share = 0.9
    temperature: Positive = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.correct < 1:
            raise ValueError("correct lies between 0 and 1: what is certain has no temperature")

"""Settings of the methods that compare layers of student and teacher."""

from dataclasses import dataclass
from typing import Literal

from kdnas.limits import Count, NotNegative, Positive, Share
from kdnas.methods.method import MethodSettings


@dataclass(frozen=True)
class PKDSettings(MethodSettings):
    """Patient knowledge distillation; what Sun 2019 tried is in brackets.

    Attributes:
        layers: Layers of a student that is a shorter teacher; None for half the teacher's.
        follow: Which teacher layers it follows, a rule of `kdnas.distillation.followed_layers`.
        alpha: Share of the teacher's answers, the rest are true labels (0.2, 0.5, 0.7).
        beta: Weight of the hidden states (10, 100, 500, 1000).
        temperature: Temperature of the teacher's answers (5, 10, 20).
        learning_rate: Rate at the end of the warm-up; None for that of the student (1e-5 to 5e-5).
        epochs: Epochs of the training; None for those of the student (4).
    """

    layers: Count | None = None
    follow: Literal["skip", "last"] = "skip"
    alpha: Share = 0.5
    beta: NotNegative = 100.0
    temperature: Positive = 5.0
    learning_rate: Positive | None = None
    epochs: Count | None = None

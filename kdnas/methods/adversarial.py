"""Settings of the methods that learn from adversarial texts."""

from dataclasses import dataclass

from kdnas.limits import Count, Positive, PositiveShare
from kdnas.methods.background import KDSettings
from kdnas.methods.settings import MethodSettings


@dataclass(frozen=True)
class AdversarialSettings(MethodSettings):
    """How a trained model goes on with adversarial texts beside the original ones.

    Attributes:
        learning_rate: None for the rate that the model was trained with.
        epochs: Epochs of the training.
    """

    learning_rate: Positive | None = None
    epochs: Count = 3


@dataclass(frozen=True)
class ARDSettings(KDSettings):
    """Adversarially robust distillation (Goldblum 2020), with attacked texts.

    Attributes:
        strength: Share of the training texts that are attacked, once, against the teacher.
    """

    strength: PositiveShare = 0.25

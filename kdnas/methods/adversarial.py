"""Settings of the methods that learn from adversarial texts."""

from dataclasses import dataclass

from kdnas.limits import Count, Positive
from kdnas.methods.method import MethodSettings


@dataclass(frozen=True)
class AdversarialSettings(MethodSettings):
    """How a trained model goes on with adversarial texts beside the original ones.

    Attributes:
        learning_rate: None for the rate that the model was trained with.
        epochs: Epochs of the training.
    """

    learning_rate: Positive | None = None
    epochs: Count = 3

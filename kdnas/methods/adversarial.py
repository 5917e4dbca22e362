"""Settings of the methods that learn from adversarial or further texts."""

from dataclasses import dataclass
from typing import Literal

from kdnas.limits import Count, NotNegative, Positive, PositiveShare, Share, Some
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
        strength: Share of the training texts that are attacked, once, against the teacher that
            teaches; those that do not fool it are shown as they are.
    """

    strength: PositiveShare = 0.25


@dataclass(frozen=True)
class AugmentationSettings(KDSettings):
    """KD on texts in which words became synonyms, as TextAttack's augmenters make them.

    Attributes:
        words: Share of the words of a text that are swapped, one at least; those without a synonym
            stay.
        each: Texts that are made of one.
        mixed: Whether the original texts are learned from too.
    """

    words: PositiveShare = 0.2
    each: Count = 2
    mixed: bool = True


@dataclass(frozen=True)
class MateSettings(MethodSettings):
    """MATE-KD (Rashid 2021), with the settings of the authors' code.

    Attributes:
        masked: Share of the tokens that the generator may change; 0 changes none.
        temperature: Temperature of the teacher's answers.
        objective: What the generator makes large: the divergence of the student's answers from
            the teacher's (the paper's), or their cross entropy (the code's), which is large where
            the teacher is unsure too.
        generator_rate: Its learning rate.
        generator_steps: How many it makes in every cycle.
        cycle: Steps of the student in one.
    """

    masked: Share = 0.3
    temperature: Positive = 1.0
    objective: Literal["divergence", "cross-entropy"] = "divergence"
    generator_rate: Positive = 5e-7
    generator_steps: Some = 10
    cycle: Count = 100


@dataclass(frozen=True)
class MinimaxSettings(KDSettings):
    """MiniMax-kNN: KD on the unlabelled neighbours of the texts that the student knows least.

    Attributes:
        each: K, the neighbours that are found for a text.
        picked: k1, those of them that a step learns from; as many as `each` for all, without a
            choice, 0 for KD.
        weight: Of the KD term of each of them.
        pool: Sentences among which they are found.
    """

    each: Count = 8
    picked: Some = 4
    weight: NotNegative = 0.5
    pool: Count = 50_000

    def __post_init__(self) -> None:
        if self.picked > self.each:
            raise ValueError(f"{self.picked} neighbours cannot be picked of {self.each}")

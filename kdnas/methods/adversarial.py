"""Settings of the methods that learn from adversarial or further texts."""

from dataclasses import dataclass
from typing import Literal, get_args

from kdnas.limits import Count, NotNegative, Positive, PositiveShare, Share, Some
from kdnas.methods.background import KDSettings
from kdnas.methods.capacity import AnnealingSettings
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


AugmenterName = Literal["embedding", "wordnet", "synonym-insertion", "tinybert"]
"""TextAttack's augmenters that swap words for near ones by vector, swap them for synonyms of
WordNet, and insert such synonyms (Morris 2020); and TinyBERT's, which swaps words for what a masked
language model puts there, or near ones by vector (Jiao 2020)."""


@dataclass(frozen=True)
class AugmentationSettings(KDSettings):
    """KD on texts that augmenters make; of a saved classifier, how it goes on with them.

    Attributes:
        by: The augmenters, each of which makes texts of every one.
        words: Share of the words of a text that are swapped, one at least; those without a synonym
            stay. Of insertions half of it, as TextAttack counts.
        each: Texts that an augmenter makes of one (TinyBERT's paper: 20).
        probability: For `tinybert`: of the swap of each word.
        candidates: For `tinybert`: words of which one takes the place of a word.
        mixed: Whether the original texts are learned from too.
    """

    by: tuple[AugmenterName, ...] = ("embedding",)
    words: PositiveShare = 0.2
    each: Count = 2
    probability: PositiveShare = 0.4
    candidates: Count = 15
    mixed: bool = True

    def __post_init__(self) -> None:
        if not self.by or len(set(self.by)) < len(self.by):
            raise ValueError(
                f"augmenters by = {list(self.by)}: name one or more, each once, of"
                f" {', '.join(get_args(AugmenterName))}"
            )

    @property
    def made(self) -> int:
        """Texts that are made of one by all augmenters."""
        return self.each * len(self.by)

    @property
    def learned(self) -> int:
        """Texts that are learned from for each one of the task."""
        return self.made + self.mixed


@dataclass(frozen=True)
class GeneratorSettings(MethodSettings):
    """How a generator rewrites texts against a student, with the settings of MATE-KD's code.

    Attributes:
        masked: Share of the tokens that the generator may change; 0 changes none.
        generator_rate: Its learning rate.
        generator_steps: How many it makes in every cycle.
        cycle: Steps of the student in one.
    """

    masked: Share = 0.3
    generator_rate: Positive = 5e-7
    generator_steps: Some = 10
    cycle: Count = 100


@dataclass(frozen=True)
class MateSettings(GeneratorSettings):
    """MATE-KD (Rashid 2021).

    Attributes:
        temperature: Temperature of the teacher's answers.
        objective: What the generator makes large: the divergence of the student's answers from
            the teacher's (the paper's), or their cross entropy (the code's), which is large where
            the teacher is unsure too.
    """

    temperature: Positive = 1.0
    objective: Literal["divergence", "cross-entropy"] = "divergence"


@dataclass(frozen=True)
class CombinedSettings(GeneratorSettings, AnnealingSettings):
    """Combined-KD, annealing on rewritten texts too, with the settings of the authors' code."""

    temperatures: Count = 10
    first: Share = 0.75


@dataclass(frozen=True)
class FreeLBSettings(MethodSettings):
    """FreeLB (Zhu 2020): words move uphill within a small ball, and every step is learned from.

    Attributes:
        steps: K, the losses that are averaged; the first is that of the text as it is.
        rate: Length of a step.
        bound: Largest norm of a move, over all words of a text.
    """

    steps: Count = 3
    rate: Positive = 0.1
    bound: NotNegative = 0.3


@dataclass(frozen=True)
class FreeLBKDSettings(KDSettings, FreeLBSettings):
    """FreeLB with KD: the teacher reads the texts as they are."""


@dataclass(frozen=True)
class MinimaxSettings(KDSettings):
    """MiniMax-kNN: KD on the unlabelled neighbours of the texts that the student knows least.

    Attributes:
        each: K, the neighbours that are found for a text.
        picked: k1, those of them that a step learns from; as many as `each` for all, without a
            choice, 0 for KD.
        weight: Of the KD term of each of them.
        pool: Sentences among which they are found.
        start: Epochs before they are learned from; until then it is KD.
        nearest, farthest: The least and the largest distance of those that can be picked, in the
            teacher's last state: the angle over pi, 0 to 1.
    """

    each: Count = 8
    picked: Some = 4
    weight: NotNegative = 0.5
    pool: Count = 50_000
    start: Some = 0
    nearest: Share = 0.0
    farthest: Share = 1.0

    def __post_init__(self) -> None:
        if self.picked > self.each:
            raise ValueError(f"{self.picked} neighbours cannot be picked of {self.each}")
        if self.nearest > self.farthest:
            raise ValueError(f"no distance is from {self.nearest} to {self.farthest}")

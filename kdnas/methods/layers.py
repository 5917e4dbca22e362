"""Settings of the methods that compare layers of student and teacher."""

from dataclasses import dataclass
from typing import Literal

from kdnas.limits import Count, NotNegative, Positive, Share
from kdnas.methods.settings import MethodSettings


@dataclass(frozen=True)
class PKDSettings(MethodSettings):
    """Patient knowledge distillation; what Sun 2019 tried is in brackets.

    Attributes:
        layers: Layers of a student that is a shorter teacher; None for half the teacher's.
        follow: Which teacher layers it follows, a rule of `kdnas.distillation.followed_layers`, or
            one for each of its first layers, counted from 1.
        alpha: Share of the teacher's answers, the rest are true labels (0.2, 0.5, 0.7).
        beta: Weight of the hidden states (10, 100, 500, 1000).
        temperature: Temperature of the teacher's answers (5, 10, 20).
        learning_rate: Rate at the end of the warm-up; None for that of the student (1e-5 to 5e-5).
        epochs: Epochs of the training; None for those of the student (4).
    """

    layers: Count | None = None
    follow: Literal["skip", "last"] | tuple[Count, ...] = "skip"
    alpha: Share = 0.5
    beta: NotNegative = 100.0
    temperature: Positive = 5.0
    learning_rate: Positive | None = None
    epochs: Count | None = None


@dataclass(frozen=True)
class CKDSettings(MethodSettings):
    """Combinatorial distillation (Wu 2020); the weights are those of the authors' own example.

    Attributes:
        buckets: Which layers of the teacher one of the student follows, a rule of
            `kdnas.distillation.bucketed_layers`.
        alpha: Weight of the teacher's answers.
        beta: Weight of the states; true labels have what the two leave of 1.
        temperature: Temperature of the teacher's answers.
    """

    buckets: Literal["regular", "partial", "overlap", "skip-middle", "cross"] = "regular"
    alpha: Share = 0.2
    beta: Share = 0.7
    temperature: Positive = 2.0

    def __post_init__(self) -> None:
        if self.alpha + self.beta > 1 + 1e-12:  # 0.3 + 0.7 may be a digit more
            raise ValueError(
                f"alpha {self.alpha:g} and beta {self.beta:g} are together more than 1:"
                " what they leave is the weight of the true labels"
            )


@dataclass(frozen=True)
class ALPSettings(MethodSettings):
    """Attention over the layers of the teacher (Passban 2021).

    Attributes:
        buckets: Which layers of the teacher one of the student attends to: `all` (ALP), `regular`
            (ALP-NO) or `partial` (ALP-PO), rules of `kdnas.distillation.bucketed_layers`.
        alpha: Share of the teacher's answers, the rest are true labels.
        beta: Weight of the states. These are not brought to length 1 as those of PKD are, so that
            its weights of 10 to 1,000 leave nothing to learn the task with.
        temperature: Temperature of the teacher's answers.
        scale: Whether products of states are divided by the square root of their width; without
            it the attention is nearly always on one layer, as published.
    """

    buckets: Literal["all", "regular", "partial"] = "all"
    alpha: Share = 0.5
    beta: NotNegative = 1.0
    temperature: Positive = 5.0
    scale: bool = False


@dataclass(frozen=True)
class GeneralSettings(MethodSettings):
    """The weighted sum that other losses are cases of (Guo 2021, section 2).

    Attributes:
        logit_weight: Of the squared error of the logits.
        class_weight: Of KD.
        hidden_weight: Of the squared error of the states of layers.
        attention_weight: Of the squared error of maps of attention; only transformers have them.
        embedding_weight: Of the squared error of the embedding's mean token.
        temperature: Temperature of the KD term.
        layer_map: Which teacher layer a layer follows, a rule of
            `kdnas.distillation.followed_layers`.
    """

    logit_weight: NotNegative = 1.0
    class_weight: NotNegative = 1.0
    hidden_weight: NotNegative = 1.0
    attention_weight: NotNegative = 0.0
    embedding_weight: NotNegative = 1.0
    temperature: Positive = 2.0
    layer_map: Literal["ceil", "stride"] = "ceil"

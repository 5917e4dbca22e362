"""The section `teacher`: the model that students learn from."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kdnas.config.section import (
    Count,
    Name,
    NotNegative,
    Positive,
    PositiveShare,
    Section,
    Seed,
    Share,
)


class TeacherSettings(Section):
    """The teacher and how it is fine-tuned and probed.

    Attributes:
        model: A hub id, a folder, or `offline:minilm`.
        epochs: How often it sees every text; 0 takes it as it is. `auto` trains for about 600
            steps, 2 to 20 epochs, and keeps the epoch that is best on a tenth of the training
            texts, which it does not train on.
        method: `finetune` learns from true labels; `gan-bert` from texts without labels as well,
            against a generator of vectors that look like theirs (Croce 2020). Of classes only.
        label_share: Share of the training texts whose labels it is told: the first ones, in which
            the classes have nearly their shares. Its students are told all labels.
        unk_class: Whether the GAN-BERT has a class that no text is of beside those of the task;
            like the generator's it is no class of the finished teacher.
        unsupervised_weight: Of the part of the GAN-BERT's loss that needs no labels; with 0 there
            is no generator.
    """

    model: Name = "offline:minilm"
    epochs: Annotated[int, Field(ge=0, le=10**6)] | Literal["auto"] = "auto"
    learning_rate: Positive = 5e-5
    method: Literal["finetune", "gan-bert"] = "finetune"
    label_share: PositiveShare = 1.0
    unk_class: bool = False
    unsupervised_weight: NotNegative = 1.0
    batch_size: Count = 32
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    probe_epochs: Count = 4
    probe_learning_rate: Positive = 5e-3
    seed: Seed = 0

    @property
    def way(self) -> str:
        """How it is made, in words that follow its model; "" where it is simply fine-tuned."""
        words = ["GAN-BERT"] if self.method == "gan-bert" else []
        words += [f"{self.label_share:.3g} of the labels"] if self.label_share < 1 else []
        return f" ({', '.join(words)})" if words else ""

    def labelled(self, texts: int) -> int:
        """How many of so many training texts have a label for it."""
        return max(round(self.label_share * texts), 1)

    @model_validator(mode="after")
    def _made_in_one_way(self) -> Self:
        if not self.epochs and (self.method != "finetune" or self.label_share < 1):
            raise ValueError(
                "teacher.epochs = 0 takes the model as it is, and teacher.method and"
                " teacher.label_share say how it is trained: set teacher.epochs=auto, or leave them"
                " out"
            )
        if self.method == "finetune" and (self.unk_class or self.unsupervised_weight != 1):
            raise ValueError(
                "teacher.unk_class and teacher.unsupervised_weight are settings of a GAN-BERT: set"
                " teacher.method=gan-bert, or leave them out"
            )
        return self

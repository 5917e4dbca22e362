"""The section `teacher`: the model that students learn from."""

from typing import Annotated, Literal

from pydantic import Field

from kdnas.config.section import Count, NotNegative, Positive, Section, Seed, Share


class TeacherSettings(Section):
    """The teacher and how it is fine-tuned and probed.

    Attributes:
        model: A hub id, a folder, or `offline:minilm`.
        epochs: How often it sees every text; 0 takes it as it is. `auto` trains for about 600
            steps, 2 to 20 epochs, and keeps the epoch that is best on a tenth of the training
            texts, which it does not train on.
    """

    model: str = "offline:minilm"
    epochs: Annotated[int, Field(ge=0, le=10**6)] | Literal["auto"] = "auto"
    learning_rate: Positive = 5e-5
    batch_size: Count = 32
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    probe_epochs: Count = 4
    probe_learning_rate: Positive = 5e-3
    seed: Seed = 0

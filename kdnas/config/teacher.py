"""The section `teacher`: the model that students learn from."""

from typing import Annotated

from pydantic import Field

from kdnas.config.section import Count, NotNegative, Positive, Section, Seed, Share


class TeacherSettings(Section):
    """The teacher: a hub id, a folder, or `offline:minilm`, and how it is fine-tuned and probed."""

    model: str = "offline:minilm"
    epochs: Annotated[int, Field(ge=0)] = 3
    learning_rate: Positive = 2e-5
    batch_size: Count = 32
    weight_decay: NotNegative = 0.01
    warmup: Share = 0.1
    probe_epochs: Count = 4
    probe_learning_rate: Positive = 5e-3
    seed: Seed = 0

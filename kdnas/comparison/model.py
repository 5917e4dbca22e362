"""`Model`: one training of a comparison as a value, with what it is made from."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["searched", "cells", "first-layers", "trained", "teacher"]
"""Students of the search space, AdaBERT's cells, the first layers of the teacher, models that are
trained already and go on, and the teacher itself."""

OTHER_THRESHOLD = "other-threshold"
"""The attack by TextFooler with the other named threshold."""


@dataclass(frozen=True)
class Model:
    """One training.

    Attributes:
        name: What it is; trainings of one name differ in their seeds.
        replicate: Which of them, from 1.
        kind: What is trained; a teacher is taken as it is.
        method: The method that teaches it, a name in `METHODS`.
        source: What it is distilled from, or goes on with where it is trained already.
        architecture: JSON of a searched student; "" for others.
        epochs: Epochs of its training; None for those of the method.
        strength: Share of the training texts whose adversarial examples it sees besides: those that
            fool its source where it goes on with that, else those that fool the teacher.
        widest: The largest share that any training needs of the same examples.
    """

    name: str
    replicate: int
    kind: Kind
    method: str = ""
    source: "Model | None" = None
    architecture: str = ""
    epochs: int | None = None
    strength: float = 0.0
    widest: float = 0.0

    @property
    def identity(self) -> tuple[str, int]:
        """Name and replicate."""
        return self.name, self.replicate

    @property
    def teacher(self) -> "Model":
        """The teacher that the line of its sources begins with."""
        return self if self.source is None else self.source.teacher

    @property
    def fooled(self) -> "Model":
        """The model whose adversarial examples it sees."""
        if self.kind == "trained" and self.source is not None:
            return self.source
        return self.teacher


TEACHER = Model("teacher", 1, "teacher")
"""The teacher of a comparison."""

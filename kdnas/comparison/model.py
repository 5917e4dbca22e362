"""`Model`: one training of a comparison as a value, with what it is made from."""

from dataclasses import dataclass
from typing import Literal

from kdnas.seeds import derived_seed

Kind = Literal[
    "searched", "cells", "first-layers", "every-layers", "cut", "saved", "trained", "teacher"
]
"""Students of the search space, AdaBERT's cells, the first or every n-th layers of the teacher's
start, some layers of a saved classifier or all of it, models of the comparison that go on, and the
teacher itself."""

BEGUN: tuple[Kind, ...] = ("first-layers", "every-layers", "cut", "saved")
"""Kinds of students that begin with trained layers; these are transformers."""


@dataclass(frozen=True)
class Model:
    """One training.

    Attributes:
        name: What it is; trainings of one name differ in their seeds.
        replicate: Which of them, from 1.
        kind: What is trained; a teacher is taken as it is.
        method: What teaches it, a name in `METHODS` or of a row in `[compare]`.
        source: What it is distilled from, or goes on with where it is trained already.
        start: What a student begins from, by its kind: the JSON of a searched one, how many of the
            first layers, every how many-th layer, the folder or hub id of a saved one, as in
            `1+3:FOLDER` after the layers that are kept; "" for others.
        epochs: Epochs of its training; None for those of the method.
        strength: Share of the training texts whose adversarial examples it sees besides: those that
            fool its source where it goes on with that, else those that fool the teacher.
        widest: The largest share that any training needs of the same examples.
        stem: Trainings of one stem and replicate have one seed: they begin with the same weights
            and see their texts in the same order. "" for a stem of its own.
    """

    name: str
    replicate: int
    kind: Kind
    method: str = ""
    source: "Model | None" = None
    start: str = ""
    epochs: int | None = None
    strength: float = 0.0
    widest: float = 0.0
    stem: str = ""

    @property
    def identity(self) -> tuple[str, int]:
        """Name and replicate."""
        return self.name, self.replicate

    def seed(self, of: int) -> int:
        """The seed of its training, from that of the comparison."""
        return derived_seed(of, self.stem or self.name, self.replicate)

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

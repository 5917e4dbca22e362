"""Several teachers of one student, as a value."""

from dataclasses import dataclass
from typing import Literal

Sampling = Literal["uniform", "teacher-rank", "student-rank"]
"""How often each teacher of a team is drawn, where that is fixed before the student is trained."""


@dataclass(frozen=True)
class Member:
    """A teacher that is trained for a team.

    Attributes:
        layers: How many of the first of the model it begins with.
        seed: Of its training; with all layers and the seed of the run's own teacher it is that one.
        model: The pre-trained model; "" for `teacher.model`.
    """

    layers: int | Literal["half", "all"]
    seed: int
    model: str = ""


@dataclass(frozen=True)
class ShareSearch:
    """How it is learned, for each student, how often a teacher is drawn.

    Attributes:
        update: What a teacher gains by its step: how well it agrees with a step on held-out texts
            (`unrolled`), or how far the loss on some of these fell (`reward`).
        rate: Of Adam on the weights.
        epochs: Of each of the two phases; None for those of the student.
        held_out: Share of the training texts that decide about the weights.
        keep: How many teachers the second phase has; None for those with an equal part or more.
        moved: How they have the shares of the others among them.
    """

    update: Literal["unrolled", "reward"]
    rate: float
    epochs: int | None
    held_out: float
    keep: int | None
    moved: Literal["proportional", "equal"]


@dataclass(frozen=True)
class Team:
    """The teachers of a student.

    Attributes:
        members: Those that are trained, once for all students, and folders of finished ones.
        sampling: By what one of them is drawn for each step; None where all teach together.
    """

    members: tuple[Member | str, ...]
    sampling: Sampling | ShareSearch | None = None

"""Several teachers of one student, as a value."""

from dataclasses import dataclass
from typing import Literal

Sampling = Literal["uniform", "teacher-rank", "student-rank"]
"""How often each teacher of a team is drawn, where that is fixed before the student is trained."""


@dataclass(frozen=True)
class Member:
    """A teacher that is trained for a team.

    Attributes:
        layers: How many of the first of `teacher.model` it begins with.
        seed: Of its training; with all layers and the seed of the run's own teacher it is that one.
    """

    layers: int | Literal["half", "all"]
    seed: int


@dataclass(frozen=True)
class Team:
    """The teachers of a student.

    Attributes:
        members: Those that are trained, once for all students, and folders of finished ones.
        sampling: By what one of them is drawn for each step; None where all teach together.
    """

    members: tuple[Member | str, ...]
    sampling: Sampling | None = None

"""Who teaches whom before the last training of a student, as a value."""

from dataclasses import dataclass, field
from typing import Literal

from kdnas.limits import Count, Name, PositiveShare
from kdnas.methods.background import KDSettings
from kdnas.methods.team import ShareSearch, Team


@dataclass(frozen=True)
class Link:
    """A transformer that is trained and then teaches the next.

    Attributes:
        layers: How many of the first of the model it begins with.
        model: The pre-trained model; "" for `teacher.model`.
        taught: Whether the one before teaches it by KD; else it learns from true labels alone.
        steps: Share of the steps of its training that are made.
    """

    layers: int | Literal["half", "all"]
    model: str = ""
    taught: bool = True
    steps: float = 1.0


@dataclass(frozen=True)
class Chain:
    """What stands between the teacher of a run and the last training of a student.

    Attributes:
        links: Transformers in order, trained once for all students: the teacher of the run teaches
            the first, and the last the student.
        generations: Earlier trainings of the student itself, each of which teaches the next.
        alone: Whether the first of them learns from true labels, and not from the teacher.
        ensemble: Whether all generations so far teach the next by the mean of their answers.
        kd: How the links are taught.
        team: The teachers of the student, where they are several.
    """

    links: tuple[Link, ...] = ()
    generations: int = 0
    alone: bool = False
    ensemble: bool = False
    kd: KDSettings = field(default_factory=KDSettings)
    team: Team | None = None

    @property
    def trainings(self) -> int:
        """Trainings of the student, the last one among them; a search for shares costs six."""
        by = None if self.team is None else self.team.sampling
        ranked = len(self.team.members) if self.team and by == "student-rank" else 0
        return 1 + self.generations + (6 if isinstance(by, ShareSearch) else ranked)


@dataclass(frozen=True)
class TAKDSettings(KDSettings):
    """Teacher assistants (Mirzadeh 2020): every training is KD with the same settings.

    Attributes:
        assistants: Layers of each, in order, or a pre-trained model with the teacher's vocabulary;
            none for KD, None for one of half the teacher's layers.
    """

    assistants: tuple[Count | Name, ...] | None = None

    @property
    def chain(self) -> Chain:
        """The assistants."""
        if self.assistants is None:
            return Chain((Link("half"),), kd=self)
        links = (Link("all", a) if isinstance(a, str) else Link(a) for a in self.assistants)
        return Chain(tuple(links), kd=self)


@dataclass(frozen=True)
class DefectiveSettings(KDSettings):
    """KD from a teacher that was stopped early (Yuan 2020).

    Attributes:
        steps: Share of the steps of its training that it made.
    """

    steps: PositiveShare = 0.1

    @property
    def chain(self) -> Chain:
        """The teacher, trained anew."""
        return Chain((Link("all", taught=False, steps=self.steps),), kd=self)


@dataclass(frozen=True)
class ReverseKDSettings(KDSettings):
    """KD from a teacher that a smaller model has taught (Yuan 2020).

    Attributes:
        layers: Of the smaller one; None for half the teacher's.
    """

    layers: Count | None = None

    @property
    def chain(self) -> Chain:
        """The small model, then the large one that it teaches."""
        return Chain((Link(self.layers or "half", taught=False), Link("all")), kd=self)


@dataclass(frozen=True)
class SelfDistillationSettings(KDSettings):
    """KD from the student's own earlier training with true labels (Yuan 2020)."""

    @property
    def chain(self) -> Chain:
        """One generation."""
        return Chain(generations=1, alone=True, kd=self)


@dataclass(frozen=True)
class BornAgainSettings(KDSettings):
    """Generations of one student, each taught by the one before (Furlanello 2018).

    Attributes:
        generations: How many; 1 is KD.
        ensemble: Whether all earlier ones teach together.
    """

    generations: Count = 3
    ensemble: bool = False

    @property
    def chain(self) -> Chain:
        """The generations before the last."""
        return Chain(generations=self.generations - 1, ensemble=self.ensemble, kd=self)

"""Settings of the methods with many teachers."""

from dataclasses import dataclass
from typing import Literal

from kdnas.limits import Count, Name, Positive, Seed
from kdnas.methods.background import KDSettings
from kdnas.methods.chain import Chain
from kdnas.methods.settings import MethodSettings
from kdnas.methods.team import Member, Sampling, Team


@dataclass(frozen=True)
class TeamSettings(MethodSettings):
    """A team of teachers: one for each depth and seed, then the finished ones.

    Attributes:
        depths: Layers of each, the first of `teacher.model`: `half`, `all` or a number.
        seeds: Of their trainings.
        folders: Fine-tuned models.
    """

    depths: tuple[Count | Literal["half", "all"], ...] = ("half", "all")
    seeds: tuple[Seed, ...] = (0, 1)
    folders: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("a team without a teacher: name depths and seeds, or folders")

    @property
    def members(self) -> tuple[Member | str, ...]:
        """The teachers, in the order in which they are told apart."""
        trained = (Member(depth, seed) for depth in self.depths for seed in self.seeds)
        return (*trained, *self.folders)


@dataclass(frozen=True)
class SKDSettings(TeamSettings, KDSettings):
    """Stochastic KD: one teacher of the team for each step (SKDBERT, named in AutoSKDBERT).

    Attributes:
        sampling: How often each is drawn: equally, by the rank of its own score on search-val, or
            by the rank of a student that it alone has taught.
    """

    sampling: Sampling = "uniform"

    @property
    def chain(self) -> Chain:
        """The team."""
        return Chain(team=Team(self.members, self.sampling))


@dataclass(frozen=True)
class MTBERTSettings(TeamSettings):
    """All teachers at once, those that are wrong about a text less (Wu 2021).

    Attributes:
        temperature: Temperature of the answers of teachers and student.
    """

    temperature: Positive = 2.0

    @property
    def chain(self) -> Chain:
        """The team."""
        return Chain(team=Team(self.members))

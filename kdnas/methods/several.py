"""Settings of the methods with many teachers."""

from dataclasses import dataclass
from typing import Literal

from kdnas.limits import Count, Name, Positive, PositiveShare, Seed
from kdnas.methods.background import KDSettings
from kdnas.methods.chain import Chain
from kdnas.methods.settings import MethodSettings
from kdnas.methods.team import Member, Sampling, ShareSearch, Team


@dataclass(frozen=True)
class TeamSettings(MethodSettings):
    """A team of teachers: for each seed one of each depth and model, then the finished ones.

    Attributes:
        depths: Layers of each, the first of `teacher.model`: `half`, `all` or a number.
        seeds: Of their trainings.
        models: Other pre-trained models, which are fine-tuned as `teacher.model` is.
        folders: Fine-tuned models.
    """

    depths: tuple[Count | Literal["half", "all"], ...] = ("half", "all")
    seeds: tuple[Seed, ...] = (0, 1)
    models: tuple[Name, ...] = ()
    folders: tuple[Name, ...] = ()

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError(
                "a team without a teacher: name depths or models and seeds, or folders"
            )

    @property
    def members(self) -> tuple[Member | str, ...]:
        """The teachers, in the order in which they are told apart."""
        first = [Member(depth, seed) for depth in self.depths for seed in self.seeds]
        others = [Member("all", seed, model) for model in self.models for seed in self.seeds]
        return (*first, *others, *self.folders)


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
class AutoSKDSettings(TeamSettings, KDSettings):
    """SKD with shares that a first student has found (AutoSKDBERT).

    Attributes:
        update: What a teacher gains by its step: how well it agrees with a step on held-out texts
            (`unrolled`), or how far the loss on some of these fell (`reward`).
        rate: Of Adam on the weights.
        phase_epochs: Epochs of each of the two phases; None for those of the student.
        held_out: Share of the training texts that decide about the weights.
        keep: How many teachers the second phase has; None for those with an equal part or more.
        moved: How they have the shares of the others among them.
    """

    update: Literal["unrolled", "reward"] = "unrolled"
    rate: Positive = 1e-2
    phase_epochs: Count | None = None
    held_out: PositiveShare = 0.1
    keep: Count | None = None
    moved: Literal["proportional", "equal"] = "proportional"

    def __post_init__(self) -> None:
        super().__post_init__()
        members = len(self.members)
        if members < 2:
            raise ValueError(
                "a team of one leaves nothing to weigh: name two teachers or more, or take skd"
            )
        if self.keep is not None and self.keep > members:
            raise ValueError(f"keep {self.keep} is more than the {members} teachers of the team")
        if self.held_out == 1:
            raise ValueError("held_out 1 leaves no text to learn from: keep it below 1")

    @property
    def chain(self) -> Chain:
        """The team, and how its shares are found."""
        search = ShareSearch(
            self.update, self.rate, self.phase_epochs, self.held_out, self.keep, self.moved
        )
        return Chain(team=Team(self.members, search))


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

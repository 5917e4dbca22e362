"""The evolutionary search of Guo 2021 (section 5.4): tournaments on the weighted fitness."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.algorithms.interface import Proposal
from kdnas.config import SearchSettings
from kdnas.errors import SpaceExhausted
from kdnas.objectives import Weights, fitness, violation
from kdnas.operators import unseen
from kdnas.records import Evaluation, Failure
from kdnas.space import Accept, Architecture, Edit, SearchSpace, mutate, random_edits

Score = tuple[float, float]


@dataclass(frozen=True)
class Member:
    """An individual of the population.

    Attributes:
        birth: Its number in the run.
        score: How far it keeps to the floor (0 if it does, else below) and its fitness; larger is
            better, so that an infeasible one loses to every feasible one.
    """

    birth: int
    architecture: Architecture
    score: Score
    parameters: int

    @property
    def merit(self) -> tuple[Score, int, int]:
        """What tournaments compare: the score, then fewer parameters, then the lower birth."""
        return self.score, -self.parameters, -self.birth


@dataclass(frozen=True)
class _Pending:
    birth: int
    proposal: Proposal
    loser: Member | None  # whom it replaces; None while the population is filled


class TournamentGA:
    """A population of constant size; the best of `k` reproduces, its child replaces the worst.

    The tournaments of one batch have no member in common, so that there are at most
    population // k of them. A failed child replaces nobody. See `Algorithm`.
    """

    def __init__(
        self,
        settings: SearchSettings,
        space: SearchSpace,
        weights: Weights,
        floor: float,
        accept: Accept,
    ) -> None:
        self.finished: str | None = None
        self._settings, self._space = settings, space
        self._weights, self._floor = weights, floor
        self._rng = np.random.default_rng(settings.seed)
        self._seen: set[str] = set()
        self._accept = unseen(self._seen, accept)
        self._members: dict[int, Member] = {}
        self._filling = True
        self._pending: list[_Pending] = []
        self._best: Score = (-np.inf, -np.inf)
        self._children_since_best = 0

    def ask(self, most: int) -> list[Proposal]:
        """What the population lacks; once it is full, at most `search.batch` children."""
        if self._filling:
            self._fill(most)
        if not self._pending and not self.finished:
            self._breed(min(most, self._settings.batch))
            self.finished = None if self._pending else "exhausted"
        return [pending.proposal for pending in self._pending]

    def tell(self, results: Sequence[Evaluation | Failure]) -> None:
        """The results of the last ask; each child takes the place of its tournament's loser."""
        for pending, result in zip(self._pending, results, strict=True):
            self._children_since_best += pending.loser is not None
            if isinstance(result, Evaluation):
                self._settle(pending, result)
        self._pending = []
        if self._children_since_best >= self._settings.patience:
            self.finished = "patience"

    def _fill(self, most: int) -> None:
        """Propose the missing members; failed ones are missing again at the next ask."""
        missing = self._settings.population - len(self._members)
        self._filling = missing > 0
        for _ in range(min(missing, most)):
            try:
                edit = random_edits(
                    self._space, self._rng, repair=self._settings.repair, accept=self._accept
                )
            except SpaceExhausted:
                self._filling = False  # a smaller population still has neighbours to try
                return
            self._propose(edit)

    def _breed(self, most: int) -> None:
        """One tournament after the other among members that were in none of this batch."""
        members, k = list(self._members.values()), self._settings.tournament
        order = self._rng.permutation(len(members))
        for start in range(0, len(members) - k + 1, k):
            if len(self._pending) == most:
                return
            group = sorted((members[i] for i in order[start : start + k]), key=lambda m: m.merit)
            try:
                edit = mutate(
                    group[-1].architecture,
                    self._space,
                    self._rng,
                    repair=self._settings.repair,
                    accept=self._accept,
                )
            except SpaceExhausted:
                continue  # all neighbours of this winner are known; others may have new ones
            self._propose(edit, winner=group[-1], loser=group[0])

    def _propose(
        self, edit: Edit, winner: Member | None = None, loser: Member | None = None
    ) -> None:
        parents = () if winner is None else (winner.birth,)
        proposal = Proposal(edit.architecture, edit.operation, parents)
        self._pending.append(_Pending(len(self._seen), proposal, loser))
        self._seen.add(edit.architecture.key)

    def _settle(self, pending: _Pending, result: Evaluation) -> None:
        score = (min(-violation(result, self._floor), 0.0), fitness(result, self._weights))
        arch, birth = pending.proposal.architecture, pending.birth
        if pending.loser is not None:
            del self._members[pending.loser.birth]
        self._members[birth] = Member(birth, arch, score, result.parameters)
        if score > self._best:
            self._best, self._children_since_best = score, 0

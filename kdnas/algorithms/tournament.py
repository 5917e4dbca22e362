"""The evolutionary search of Guo 2021 (section 5.4): tournaments on the weighted fitness."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdnas.algorithms.interface import Proposal, undone_when_exhausted
from kdnas.errors import SpaceExhausted
from kdnas.metrics import PARAMETERS, Weights, fitness, violation
from kdnas.operators import unseen
from kdnas.records import Evaluation, Failure
from kdnas.space import Accept, Edit, Genotype, Space, mutate, random_edits

Score = tuple[float, float]


@dataclass(frozen=True)
class Member:
    """An individual of the population.

    Attributes:
        birth: Its number in the run.
        score: How far it keeps to the floor (0 if it does, else below) and its fitness; larger is
            better, so that an infeasible one loses to every feasible one.
        lightness: The gain in parameters: larger where there are fewer.
    """

    birth: int
    architecture: Genotype
    score: Score
    lightness: float

    @property
    def merit(self) -> tuple[Score, float, int]:
        """What tournaments compare: the score, then fewer parameters, then the lower birth."""
        return self.score, self.lightness, -self.birth


@dataclass(frozen=True)
class _Pending:
    """A proposal and the members of its tournament, worst first; none while it fills."""

    architecture: Genotype
    group: tuple[Member, ...] = ()


class TournamentGA:
    """A population of constant size; the best of `k` reproduces, its child replaces the worst.

    Tournaments that are under way have no member in common as long as the free members have new
    neighbours: in one batch there are at most population // k of them. A failed child replaces
    nobody. Where another child was there first (asynchronously only), it replaces the worst member
    of all. See `Algorithm`.

    Args:
        space: Where students come from.
        weights: Of the fitness.
        floor: Least accuracy; a student below it loses to every other.
        accept: What a student must fulfil to be proposed.
        population: Individuals alive.
        tournament: Individuals in a tournament, k.
        patience: Children without a better fitness, after which the search ends.
        batch: Most children at a time.
        seed: Of all draws.
    """

    def __init__(
        self,
        *,
        space: Space[Any],
        weights: Weights,
        floor: float,
        accept: Accept,
        population: int,
        tournament: int,
        patience: int,
        batch: int,
        seed: int,
    ) -> None:
        self.finished: str | None = None
        self._space, self._weights, self._floor = space, weights, floor
        self._population, self._tournament = population, tournament
        self._patience, self._batch = patience, batch
        self._rng = np.random.default_rng(seed)
        self._seen: set[str] = set()
        self._accept = unseen(self._seen, accept)
        self._members: dict[int, Member] = {}
        self._filling = True
        self._pending: dict[int, _Pending] = {}
        self._best: Score = (-np.inf, -np.inf)
        self._children_since_best = 0

    def ask(self, most: int) -> list[Proposal]:
        """What the population lacks; once that is under way, at most `search.batch` children."""
        if self.finished:
            return []
        proposals = list(self._fill(most))
        if not proposals:
            with undone_when_exhausted(self._rng):
                proposals = self._bred(min(most, self._batch))
        if not proposals and not self._pending:
            self.finished = "exhausted"
        return proposals

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """Each child takes the place of its tournament's loser."""
        for birth, result in results.items():
            pending = self._pending.pop(birth)
            self._children_since_best += bool(pending.group)
            if isinstance(result, Evaluation):
                self._settle(birth, pending, result)
        if self._children_since_best >= self._patience:
            self.finished = "patience"

    def _fill(self, most: int) -> Iterator[Proposal]:
        """The missing members; failed ones are missing again, until the population was full."""
        if not self._filling:
            return
        self._filling = len(self._members) < self._population
        coming = sum(not pending.group for pending in self._pending.values())
        missing = self._population - len(self._members) - coming
        for _ in range(min(missing, most)):
            with undone_when_exhausted(self._rng):
                yield self._propose(random_edits(self._space, self._rng, accept=self._accept))
                continue
            self._filling = False  # a smaller population still has neighbours to try
            return

    def _bred(self, most: int) -> list[Proposal]:
        """Children, at least one; where the free members have none, all may breed.

        Raises:
            SpaceExhausted: All neighbours of all members are known.
        """
        proposals = list(self._breed(self._free_members(), most))
        if not proposals:
            proposals = list(self._breed(list(self._members.values()), most))
        if not proposals:
            raise SpaceExhausted("no neighbour that was not proposed before")
        return proposals

    def _breed(self, members: list[Member], most: int) -> Iterator[Proposal]:
        """One tournament after the other among these members."""
        k, proposed = self._tournament, 0
        order = self._rng.permutation(len(members))
        for start in range(0, len(members) - k + 1, k):
            if proposed == most:
                return
            group = sorted((members[i] for i in order[start : start + k]), key=lambda m: m.merit)
            try:
                winner = group[-1].architecture
                edit = mutate(winner, self._space, self._rng, accept=self._accept)
            except SpaceExhausted:
                continue  # all neighbours of this winner are known; others may have new ones
            proposed += 1
            yield self._propose(edit, tuple(group))

    def _free_members(self) -> list[Member]:
        """Members that are in no tournament under way."""
        taken = {member.birth for pending in self._pending.values() for member in pending.group}
        return [member for member in self._members.values() if member.birth not in taken]

    def _propose(self, edit: Edit, group: tuple[Member, ...] = ()) -> Proposal:
        self._pending[len(self._seen)] = _Pending(edit.architecture, group)
        self._seen.add(edit.architecture.key)
        return Proposal(edit.architecture, edit.operation, tuple(m.birth for m in group[-1:]))

    def _settle(self, birth: int, pending: _Pending, result: Evaluation) -> None:
        score = (min(-violation(result, self._floor), 0.0), fitness(result, self._weights))
        if pending.group:
            loser = pending.group[0].birth
            if loser not in self._members:
                loser = min(self._members.values(), key=lambda m: m.merit).birth
            del self._members[loser]
        self._members[birth] = Member(birth, pending.architecture, score, PARAMETERS.gain(result))
        if score > self._best:
            self._best, self._children_since_best = score, 0

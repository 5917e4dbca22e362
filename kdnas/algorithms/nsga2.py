"""NSGA-II over genotypes: pymoo's algorithm driven by ask and tell, and one without generations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from pymoo.algorithms.moo import nsga2 as pymoo_nsga2
from pymoo.core.evaluator import Evaluator
from pymoo.core.individual import Individual
from pymoo.core.population import Population
from pymoo.core.termination import NoTermination
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from kdnas.algorithms.interface import Proposal, undone_when_exhausted
from kdnas.errors import SpaceExhausted
from kdnas.metrics import Metric
from kdnas.operators import (
    EditSampling,
    Evolution,
    EvoMutation,
    KeyElimination,
    UniformCrossover,
    unseen,
)
from kdnas.problems import StudentProblem
from kdnas.records import Evaluation, Failure
from kdnas.space import Accept, Space, random_edits

_MATINGS = 10
"""Rounds of mating for one batch; each draws up to 100 neighbours of every parent."""


@dataclass(kw_only=True, eq=False, repr=False)
class _ParetoSearch:
    """What both ways share: the problem, the keys that were proposed, and the mating.

    Attributes:
        space: Where students come from.
        objectives: What is optimised.
        floor: Least accuracy in [0, 1]; 0 for none.
        accept: What a student must fulfil to be proposed.
        population: Individuals alive.
        crossover: Probability of a crossover before the mutation.
        batch: Children at a time, in generations.
        seed: Of all draws.
    """

    space: Space[Any]
    objectives: Sequence[Metric]
    floor: float
    accept: Accept
    population: int
    crossover: float
    batch: int
    seed: int

    def __post_init__(self) -> None:
        self.finished: str | None = None
        self._problem = StudentProblem(self.objectives, self.floor)
        self._seen: set[str] = set()
        self._accept = unseen(self._seen, self.accept)
        # Made for each search: pymoo's default operators are shared between algorithms.
        self._mating = Evolution(
            TournamentSelection(func_comp=pymoo_nsga2.binary_tournament),
            UniformCrossover(self.space, self.crossover),
            EvoMutation(self.space, self._accept),
            eliminate_duplicates=KeyElimination(self._seen),
            n_max_iterations=_MATINGS,
        )

    def _proposal(self, individual: Individual) -> Proposal:
        """Number an individual as the next birth of the run, and propose it."""
        individual.set("birth", len(self._seen))
        self._seen.add(individual.X[0].key)
        operation, parents = individual.get("operation"), individual.get("parents")
        return Proposal(individual.X[0], operation or "initial", parents or ())


class SteadyNSGA2(_ParetoSearch):
    """NSGA-II's selection and survival, one child at a time; see `Algorithm`.

    While the population is filled, and as long as fewer than two members are known, random edits
    are proposed: no worker waits for the slowest initial student.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._rng = np.random.default_rng(self.seed)
        self._survival, self._evaluator = RankAndCrowding(), Evaluator()
        # Of its algorithm pymoo's tournament asks how to compare, and for the generator of ties.
        self._rules = SimpleNamespace(
            tournament_type=pymoo_nsga2.NSGA2().tournament_type, random_state=self._rng
        )
        self._members, self._pending = Population(), dict[int, Individual]()
        self._random = True

    def ask(self, most: int) -> list[Proposal]:
        """One proposal; none where nothing new was found, which may change with the next result."""
        child = self._initial() or self._bred() if most else None
        if child is None:
            self.finished = None if self._pending else "exhausted"
            return []
        self._pending[len(self._seen)] = child
        return [self._proposal(child)]

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """Each result joins the population; whoever is then the worst leaves it."""
        for birth, result in results.items():
            child = Population.create(self._pending.pop(birth))
            self._evaluator.eval(self._problem, child, results=[result])
            everybody = Population.merge(self._members, child)
            # Splitting off those that keep the floor takes as long as the rest: only where needed.
            self._survival.filter_infeasible = any(one.CV[0] > 0 for one in everybody)
            self._members = self._survival.do(
                self._problem,
                everybody,
                n_survive=self.population,
                random_state=self._rng,
            )

    def _initial(self) -> Individual | None:
        """A random student while there are fewer than the population should have."""
        full = len(self._seen) >= self.population and len(self._members) >= 2
        if full or not self._random:
            return None
        with undone_when_exhausted(self._rng):
            edit = random_edits(self.space, self._rng, accept=self._accept)
            x = np.empty(1, dtype=object)
            x[0] = edit.architecture
            return Individual(X=x)
        self._random = False
        return None

    def _bred(self) -> Individual | None:
        if len(self._members) < 2:
            return None
        with undone_when_exhausted(self._rng):
            found = self._mating.do(
                self._problem, self._members, 1, algorithm=self._rules, random_state=self._rng
            )
            if not len(found):
                raise SpaceExhausted("no child that was not proposed before")
            child: Individual = found[0]
            return child
        return None


class NSGA2(_ParetoSearch):
    """Deb 2002 with `batch` children at a time; see `Algorithm`.

    The initial population is one batch, since pymoo draws another one at a second ask. Failed
    students are told as infeasible, with the largest violation there is.

    Attributes:
        asynchronous: The class of a search without generations.
    """

    asynchronous = SteadyNSGA2

    def __post_init__(self) -> None:
        super().__post_init__()
        self._asked: Population = Population()
        self._nsga2 = pymoo_nsga2.NSGA2(
            pop_size=self.population,
            n_offsprings=self.batch,
            sampling=EditSampling(self.space, self._accept),
            mating=self._mating,
            survival=RankAndCrowding(),
            eliminate_duplicates=KeyElimination(self._seen),
        )
        self._nsga2.setup(self._problem, seed=self.seed, termination=NoTermination())

    def ask(self, most: int) -> list[Proposal]:
        """The initial population, later at most `batch` children."""
        asked = self._nsga2.ask()
        if asked is None or len(asked) == 0:  # pymoo's way to say that nothing new was found
            self.finished = "exhausted"
            return []
        self._asked = asked[:most]
        return [self._proposal(individual) for individual in self._asked]

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """The results of the last ask; the better part of parents and children survives."""
        ordered = [results[individual.get("birth")] for individual in self._asked]
        self._nsga2.evaluator.eval(self._problem, self._asked, results=ordered)
        self._nsga2.tell(infills=self._asked)

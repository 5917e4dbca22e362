"""NSGA-II without generations: results count as they arrive, children are bred of what is known."""

from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
from pymoo.algorithms.moo import nsga2 as pymoo_nsga2
from pymoo.core.evaluator import Evaluator
from pymoo.core.individual import Individual
from pymoo.core.population import Population
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from kdnas.algorithms.interface import Proposal, undone_when_exhausted
from kdnas.algorithms.nsga2 import mating_of
from kdnas.config import SearchSettings
from kdnas.errors import SpaceExhausted
from kdnas.metrics import metrics_of
from kdnas.operators import unseen
from kdnas.problems import StudentProblem
from kdnas.records import Evaluation, Failure
from kdnas.space import Accept, SearchSpace, random_edits


class SteadyNSGA2:
    """NSGA-II's selection and survival, one child at a time; see `Algorithm`.

    While the population is filled, and as long as fewer than two members are known, random edits
    are proposed: no worker waits for the slowest initial student.
    """

    def __init__(
        self, settings: SearchSettings, space: SearchSpace, floor: float, accept: Accept
    ) -> None:
        self.finished: str | None = None
        self._settings, self._space = settings, space
        self._problem = StudentProblem(metrics_of(settings.objectives), floor)
        self._rng = np.random.default_rng(settings.seed)
        self._seen: set[str] = set()
        self._accept = unseen(self._seen, accept)
        self._mating = mating_of(settings, space, self._seen, accept)
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
        birth = len(self._seen)
        child.set("birth", birth)
        self._seen.add(child.X[0].key)
        self._pending[birth] = child
        return [
            Proposal(child.X[0], child.get("operation") or "initial", child.get("parents") or ())
        ]

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
                n_survive=self._settings.population,
                random_state=self._rng,
            )

    def _initial(self) -> Individual | None:
        """A random student while there are fewer than the population should have."""
        full = len(self._seen) >= self._settings.population and len(self._members) >= 2
        if full or not self._random:
            return None
        repair = self._settings.repair
        with undone_when_exhausted(self._rng):
            edit = random_edits(self._space, self._rng, repair=repair, accept=self._accept)
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

"""NSGA-II over architectures: pymoo's algorithm, driven by ask and tell."""

from collections.abc import Sequence

from pymoo.algorithms.moo import nsga2 as pymoo_nsga2
from pymoo.core.population import Population
from pymoo.core.termination import NoTermination
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from kdnas.algorithms.interface import Proposal
from kdnas.config import SearchSettings
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
from kdnas.space import Accept, SearchSpace

_MATINGS = 10
"""Rounds of mating for one batch; each draws up to 100 neighbours of every parent."""


class NSGA2:
    """Deb 2002 with `search.batch` children at a time; see `Algorithm`.

    The initial population is one batch, since pymoo draws another one at a second ask. Failed
    students are told as infeasible, with the largest violation there is.
    """

    def __init__(
        self, settings: SearchSettings, space: SearchSpace, floor: float, accept: Accept
    ) -> None:
        self.finished: str | None = None
        self._problem = StudentProblem(settings.objectives, floor)
        self._seen: set[str] = set()
        self._asked: Population = Population()
        # All operators are made here: pymoo's defaults are shared between algorithms.
        new, duplicates = unseen(self._seen, accept), KeyElimination(self._seen)
        mating = Evolution(
            TournamentSelection(func_comp=pymoo_nsga2.binary_tournament),
            UniformCrossover(settings.crossover),
            EvoMutation(space, settings.repair, new),
            eliminate_duplicates=duplicates,
            n_max_iterations=_MATINGS,
        )
        self._nsga2 = pymoo_nsga2.NSGA2(
            pop_size=settings.population,
            n_offsprings=settings.batch,
            sampling=EditSampling(space, settings.repair, new),
            mating=mating,
            survival=RankAndCrowding(),
            eliminate_duplicates=duplicates,
        )
        self._nsga2.setup(self._problem, seed=settings.seed, termination=NoTermination())

    def ask(self, most: int) -> list[Proposal]:
        """The initial population, later at most `search.batch` children."""
        asked = self._nsga2.ask()
        if asked is None or len(asked) == 0:  # pymoo's way to say that nothing new was found
            self.finished = "exhausted"
            return []
        self._asked = asked[:most]
        for individual in self._asked:
            individual.set("birth", len(self._seen))
            self._seen.add(individual.X[0].key)
        return [
            Proposal(i.X[0], i.get("operation") or "initial", i.get("parents") or ())
            for i in self._asked
        ]

    def tell(self, results: Sequence[Evaluation | Failure]) -> None:
        """The results of the last ask; the better part of parents and children survives."""
        self._nsga2.evaluator.eval(self._problem, self._asked, results=results)
        self._nsga2.tell(infills=self._asked)

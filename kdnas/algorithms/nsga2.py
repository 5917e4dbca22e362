"""NSGA-II over architectures: pymoo's algorithm, driven by ask and tell."""

from collections.abc import Mapping, Set

from pymoo.algorithms.moo import nsga2 as pymoo_nsga2
from pymoo.core.population import Population
from pymoo.core.termination import NoTermination
from pymoo.operators.selection.tournament import TournamentSelection
from pymoo.operators.survival.rank_and_crowding import RankAndCrowding

from kdnas.algorithms.interface import Proposal
from kdnas.config import SearchSettings
from kdnas.metrics import metrics_of
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


def mating_of(
    settings: SearchSettings, space: SearchSpace, seen: Set[str], accept: Accept
) -> Evolution:
    """Tournaments by rank and crowding, crossover, mutation; children that were not seen.

    Made for each search: pymoo's default operators are shared between algorithms.
    """
    return Evolution(
        TournamentSelection(func_comp=pymoo_nsga2.binary_tournament),
        UniformCrossover(settings.crossover),
        EvoMutation(space, settings.repair, unseen(seen, accept)),
        eliminate_duplicates=KeyElimination(seen),
        n_max_iterations=_MATINGS,
    )


class NSGA2:
    """Deb 2002 with `search.batch` children at a time; see `Algorithm`.

    The initial population is one batch, since pymoo draws another one at a second ask. Failed
    students are told as infeasible, with the largest violation there is.
    """

    def __init__(
        self, settings: SearchSettings, space: SearchSpace, floor: float, accept: Accept
    ) -> None:
        self.finished: str | None = None
        self._problem = StudentProblem(metrics_of(settings.objectives), floor)
        self._seen: set[str] = set()
        self._asked: Population = Population()
        new = unseen(self._seen, accept)
        self._nsga2 = pymoo_nsga2.NSGA2(
            pop_size=settings.population,
            n_offsprings=settings.batch,
            sampling=EditSampling(space, settings.repair, new),
            mating=mating_of(settings, space, self._seen, accept),
            survival=RankAndCrowding(),
            eliminate_duplicates=KeyElimination(self._seen),
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

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """The results of the last ask; the better part of parents and children survives."""
        ordered = [results[individual.get("birth")] for individual in self._asked]
        self._nsga2.evaluator.eval(self._problem, self._asked, results=ordered)
        self._nsga2.tell(infills=self._asked)

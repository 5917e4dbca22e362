"""The section `search`: which students a search tries."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from kdnas.config.section import Count, Section, Seed, Share, Threads, part_of
from kdnas.metrics import METRICS, metrics_of
from kdnas.registry import Registry

ALGORITHMS: Registry[Any] = Registry(
    "algorithm",
    {
        "tournament": "kdnas.algorithms.tournament:TournamentGA",
        "nsga2": "kdnas.algorithms.nsga2:NSGA2",
        "random_edits": "kdnas.algorithms.random_search:RandomSearch",
        "random_uniform": "kdnas.algorithms.random_search:UniformSearch",
    },
    Callable,  # type: ignore[arg-type]  # it has instances, but is no class to mypy
)
"""The search algorithms by name: classes, those of kdnas as "module:class"."""

if TYPE_CHECKING:
    MetricName = str  # a type that a call makes is none to mypy
else:
    MetricName = part_of(METRICS)


class SearchSettings(Section):
    """The search.

    Attributes:
        algorithm: `tournament` (the paper's GA), `nsga2`, `random_edits`, `random_uniform` or your
            own, see `kdnas.algorithms`.
        population: Individuals alive.
        evaluations: Students evaluated in all.
        replicates: Trainings of each student, each from another seed; the search sees their mean.
        patience: The tournament stops after so many students without a better fitness.
        tournament: Individuals in a tournament, k.
        batch: Children proposed at a time; it changes the search, so it never follows `--jobs`.
        crossover: Probability of a crossover before the mutation (nsga2 only).
        objectives: The metrics that nsga2 optimises, one to four with a better direction.
        threads: Threads of one evaluation; part of the record, since it can change last digits.
        asynchronous: Whether a child is proposed whenever a worker is free, and every result told
            as it arrives; the order in which students end then decides about the search.
    """

    algorithm: part_of(ALGORITHMS) = "tournament"  # type: ignore[valid-type]
    population: Annotated[int, Field(ge=2, le=10**6)] = 100
    evaluations: Annotated[int, Field(ge=1, le=10**7)] = 2000
    replicates: Count = 1
    patience: Count = 200
    tournament: Annotated[int, Field(ge=2)] = 2
    batch: Count = 8
    crossover: Share = 0.9
    objectives: Annotated[tuple[MetricName, ...], Field(min_length=1, max_length=4)] = (
        "accuracy",
        "robustness",
        "parameters",
    )
    seed: Seed = 0
    threads: Threads = 1
    asynchronous: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.objectives)) != len(self.objectives):
            raise ValueError(f"search.objectives = {list(self.objectives)}: name each once")
        for name in self.objectives:
            if name in METRICS and METRICS[name].maximise is None:
                known = ", ".join(n for n, metric in METRICS.items() if metric.maximise is not None)
                raise ValueError(
                    f"search.objectives = {name!r}: neither more nor less of it is better; there"
                    f" are {known}"
                )
        metrics_of([name for name in self.objectives if name in METRICS])
        if self.tournament > self.population:
            raise ValueError(
                f"search.tournament = {self.tournament} is more than "
                f"search.population = {self.population}"
            )
        return self

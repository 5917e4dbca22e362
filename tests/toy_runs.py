"""Searches on the toy problem without archive or workers, for the tests of the search side."""

from collections.abc import Callable, Sequence

from kdnas.algorithms import ALGORITHMS as ALL_ALGORITHMS
from kdnas.algorithms import Algorithm, Proposal, make_algorithm
from kdnas.config import SearchSettings
from kdnas.metrics import PAPER_WEIGHTS
from kdnas.problems import TOY_SPACE, toy_evaluate
from kdnas.records import Evaluation, Failure, Job
from kdnas.space import Accept, SearchSpace

ALGORITHMS = tuple(ALL_ALGORITHMS)

Step = tuple[Proposal, Evaluation | Failure]


def toy_settings(algorithm: str, **values: object) -> SearchSettings:
    """Small settings: a population of 12, batches of 4, no end but the budget."""
    defaults = {"population": 12, "batch": 4, "patience": 10**6}
    return SearchSettings.model_validate({"algorithm": algorithm, **defaults, **values})


class Numbered:
    """An algorithm in generations, told results in the order of the last ask."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm, self._births = algorithm, range(0)

    @property
    def finished(self) -> str | None:
        return self.algorithm.finished

    def ask(self, most: int) -> list[Proposal]:
        proposals = self.algorithm.ask(most)
        self._births = range(self._births.stop, self._births.stop + len(proposals))
        return proposals

    def tell(self, results: Sequence[Evaluation | Failure]) -> None:
        self.algorithm.tell(dict(zip(self._births, results, strict=True)))


def toy_algorithm(
    settings: SearchSettings,
    space: SearchSpace = TOY_SPACE,
    *,
    floor: float = 0.0,
    accept: Accept = lambda _: True,
) -> Numbered:
    """The algorithm of `settings` at its start."""
    return Numbered(make_algorithm(settings, space, PAPER_WEIGHTS, floor, accept))


def evaluated(job: Job) -> Evaluation:
    """A toy student's evaluation."""
    result = toy_evaluate(job)
    assert isinstance(result, Evaluation)
    return result


def drive(
    algorithm: Numbered,
    budget: int,
    evaluate: Callable[[Job], Evaluation | Failure] = evaluated,
) -> list[Step]:
    """Every proposal with its result until `budget` is spent or the algorithm has finished."""
    steps: list[Step] = []
    while len(steps) < budget and algorithm.finished is None:
        proposals = algorithm.ask(budget - len(steps))
        assert len(proposals) <= budget - len(steps)
        if not proposals:
            break
        results = [
            evaluate(Job(birth, proposal.architecture, seed=0))
            for birth, proposal in enumerate(proposals, len(steps))
        ]
        algorithm.tell(results)
        steps += zip(proposals, results, strict=True)
    return steps


def values(evaluations: Sequence[Evaluation]) -> list[tuple[float, float, int]]:
    """Accuracy, robustness and parameters of each."""
    return [(e.search.accuracy, e.search.robustness, e.parameters) for e in evaluations]

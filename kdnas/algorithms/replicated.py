"""Several trials of each student: the search is told the mean over its trainings."""

from collections import deque
from collections.abc import Mapping

from kdnas.algorithms.interface import Again, Algorithm, Asked, Proposal
from kdnas.records import Evaluation, Failure, pooled

Result = Evaluation | Failure


class Replicated:
    """Asks for `replicates` trials of each student of another algorithm; see `Algorithm`.

    The other algorithm is told of a student once, when all its trials have ended: the mean over
    those that were evaluated, or the first failure where none was.

    Args:
        algorithm: What proposes the students.
        replicates: Trials of each student, at least 2.
    """

    def __init__(self, algorithm: Algorithm, replicates: int) -> None:
        self._algorithm, self._replicates = algorithm, replicates
        self._births: list[int] = []
        self._students = 0
        self._waiting: deque[Asked] = deque()
        self._results: dict[int, list[Result]] = {}

    @property
    def finished(self) -> str | None:
        """Why there will be no more students; None while trials of one have to be asked for."""
        return None if self._waiting else self._algorithm.finished

    def ask(self, most: int) -> list[Asked]:
        """The trials of new students, all of one before those of the next."""
        if not self._waiting:
            for proposal in self._algorithm.ask(max(most // self._replicates, 1)):
                assert isinstance(proposal, Proposal), "only one algorithm may ask again"
                again = [Again(self._students)] * (self._replicates - 1)
                self._waiting.extend([proposal, *again])
                self._births += [self._students] * self._replicates
                self._students += 1
        return [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]

    def tell(self, results: Mapping[int, Result]) -> None:
        """Pass on the students whose last trial is among these, in the order of these trials."""
        complete: dict[int, Result] = {}
        for trial, result in results.items():
            birth = self._births[trial]
            self._results.setdefault(birth, []).append(result)
            if len(self._results[birth]) == self._replicates:
                complete[birth] = _pooled(self._results.pop(birth))
        if complete:
            self._algorithm.tell(complete)


def _pooled(results: list[Result]) -> Result:
    evaluations = [result for result in results if isinstance(result, Evaluation)]
    return pooled(evaluations) if evaluations else results[0]

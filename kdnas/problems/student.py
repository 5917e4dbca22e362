"""`StudentProblem`: evaluations as the values that pymoo minimises."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pymoo.core.problem import Problem

from kdnas.metrics import Metric, violation
from kdnas.records import Evaluation, Failure

FAILED_OBJECTIVE = 1e12
"""A failed student's value in every objective: finite, and worse than any student's."""

FAILED_VIOLATION = 1.0
"""A failed student's constraint violation; no accuracy is further below its floor."""


class StudentProblem(Problem):
    """One variable, the architecture itself; metrics to optimise; the accuracy floor as constraint.

    It trains nothing: the results are handed in with pymoo's evaluator,
    ``evaluator.eval(problem, individuals, results=results)``.

    Args:
        objectives: What to optimise; each has a better direction.
        floor: Least accuracy in [0, 1]; 0 for none.
    """

    def __init__(self, objectives: Sequence[Metric], floor: float) -> None:
        super().__init__(n_var=1, n_obj=len(objectives), n_ieq_constr=1, requires_kwargs=True)
        self._objectives, self._floor = objectives, floor

    def _evaluate(
        self,
        x: np.ndarray,
        out: dict[str, np.ndarray],
        *args: Any,
        results: Sequence[Evaluation | Failure],
        **kwargs: Any,
    ) -> None:
        rows = [self._row(result) for result in results]
        F, G = np.array([row[:-1] for row in rows]), np.array([row[-1:] for row in rows])
        if not (np.isfinite(F).all() and np.isfinite(G).all()):
            # A single NaN would spoil the Pareto ranks of the finite rows too.
            raise ValueError(f"non-finite objectives reached the search: {F.tolist()}")
        out["F"], out["G"] = F, G

    def _row(self, result: Evaluation | Failure) -> list[float]:
        """The objectives, all to be minimised, and the constraint, at most 0 where it is met."""
        if isinstance(result, Failure):
            return [FAILED_OBJECTIVE] * len(self._objectives) + [FAILED_VIOLATION]
        costs = [-metric.gain(result) for metric in self._objectives]
        return [*costs, violation(result, self._floor)]

"""Whether a run kept to its budget, and a finished one has everything that it should."""

from collections.abc import Collection, Iterator, Sequence

from kdnas.analysis import pareto_front
from kdnas.archive import Row
from kdnas.config import Config
from kdnas.metrics import Metric
from kdnas.verify.problem import Problem


def budget_problems(students: int, config: Config) -> Iterator[Problem]:
    """No more students than search.evaluations."""
    budget = config.search.evaluations
    if students > budget:
        yield Problem("evaluations", f"{students} students; search.evaluations is {budget}")


def untold_problems(births: Collection[int], told: Collection[int]) -> Iterator[Problem]:
    """In a finished run every student was told, so that none is pending."""
    for birth in births:
        if birth not in told:
            yield Problem(f"birth {birth}", "was never told, but the run is finished")


def front_problems(
    rows: Sequence[Row], objectives: Sequence[Metric], floor: float
) -> Iterator[Problem]:
    """In a finished run every member of the front has a report."""
    for row in pareto_front(rows, objectives, floor):
        if row.report is None:
            yield Problem(
                f"birth {row.birth}", "is on the front of a finished run without a report"
            )

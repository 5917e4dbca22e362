"""The tables of a study: scores of every student by every method, and the tests against one."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from kdnas.analysis.paper import Estimate, PaperTable, compare, share
from kdnas.analysis.paper.table import Cell
from kdnas.study.material import Study, Taught


def methods_table(study: Study) -> PaperTable:
    """Accuracy, robustness under each attack, the worst class, and the time of a training."""
    rivals, against = study.rivals, study.config.compare.against
    rows = [_row(study, study.teacher, None)] if study.teacher else []
    rows += [_row(study, each, rivals.get(each.student)) for each in study.taught]
    header = ("student", "method", "trainings", "accuracy", *study.labels.values(), "worst class",
              "seconds", f"seconds / {against}")  # fmt: skip
    notes = (
        f"Points, mean ± standard error over texts and trainings. Accuracy on {study.texts} texts"
        f" of report-val, robustness on {_attacked(study)} of them; worst class: the class with"
        f" the least robustness under {next(iter(study.labels.values()), '')}.",
        "Seconds: median of a training on the machine of the comparison, without what the teacher"
        " says beforehand, which is computed once.",
    )
    return PaperTable("methods", "Ways of teaching", header, tuple(rows), notes)


def _row(study: Study, each: Taught, rival: Taught | None) -> tuple[Cell, ...]:
    under = [each.scores.get(attack) for attack in study.labels]
    worst = next((scores.worst for scores in under if scores), None)
    seconds = median(each.seconds)
    beside = f"{seconds / median(rival.seconds):.2f}" if rival else None
    return (
        each.student,
        each.method or None,
        len(each.right),
        each.accuracy,
        *(scores.robustness if scores else None for scores in under),
        worst,
        Estimate(seconds) if seconds else None,
        beside,
    )


def _attacked(study: Study) -> int:
    some = next((s for each in study.taught for s in each.scores.values()), None)
    return some.outcomes[0].texts if some else 0


@dataclass(frozen=True)
class Test:
    """A method against its rival on one score of one student.

    Attributes:
        first, second: The method and the rival.
        score: What is tested.
        held: Whether each training of both is right on each text, (trainings, texts) each.
    """

    first: Taught
    second: Taught
    score: str
    held: tuple[np.ndarray, np.ndarray]

    @property
    def p(self) -> float:
        """Exact test of the signs of each text's differences, two-sided."""
        return compare(*self.held).p

    @property
    def difference(self) -> Estimate:
        """The method's score less the rival's, in points; trainings of one seed are a pair."""
        pairs = min(map(len, self.held))
        one, other = (held[:pairs].astype(float) for held in self.held)
        return share(one - other)


def tests_table(study: Study) -> PaperTable:
    """Every method against the same one, with the correction of Holm for all of these tests."""
    tests = list(_tests(study))
    found = [test.p for test in tests]
    rows: list[tuple[Cell, ...]] = [
        (test.first.student, test.first.method, test.score, test.difference, f"{p:.2g}",
         f"{corrected:.2g}")
        for test, p, corrected in zip(tests, found, holm(found), strict=True)
    ]  # fmt: skip
    against = study.config.compare.against
    header = ("student", "method", "score", f"difference to {against}", "p", "p (Holm)")
    notes = (
        "Difference in points ± standard error over texts and trainings; trainings from one start"
        " with one order of the texts are a pair.",
        "p: exact test of the signs of each text's differences, for these trainings (with one"
        " training each McNemar's); it knows nothing of the spread between trainings, the standard"
        f" error does. Holm: corrected for all {len(tests)} tests of this table.",
    )
    return PaperTable("tests", f"Against {against}", header, tuple(rows), notes)


def _tests(study: Study) -> Iterator[Test]:
    for each in study.taught:
        rival = study.rivals.get(each.student)
        if rival is None or each is rival:
            continue
        yield Test(each, rival, "accuracy", (each.right, rival.right))
        for attack, label in study.labels.items():
            if attack in each.scores and attack in rival.scores:
                held = each.scores[attack].held, rival.scores[attack].held
                yield Test(each, rival, label, held)


def holm(p: list[float]) -> list[float]:
    """The p values corrected for their number (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    factors = np.arange(len(p), 0, -1)
    corrected = np.minimum(np.maximum.accumulate(np.array(p)[order] * factors), 1.0)
    return [float(corrected[i]) for i in np.argsort(order)]

"""The tables of a study: scores of every student by every method, and the tests against one."""

from collections.abc import Iterator
from statistics import median

import numpy as np

from kdnas.analysis.paper import Estimate, PaperTable
from kdnas.analysis.paper.table import Cell
from kdnas.metrics import headline
from kdnas.study.answers import SWAPS, Gap, held_gap, score_gap
from kdnas.study.material import Study, Taught

NOT_ATTACKED = "labels are numbers, which no attack flips: there is no robustness to show"
"""Why the columns of attacks are not there."""


def methods_table(study: Study) -> PaperTable:
    """The task's score, robustness under each attack, the worst class, the time of a training."""
    rivals, against = study.rivals, study.config.compare.against
    rows = [_row(study, study.teacher, None)] if study.teacher else []
    rows += [_row(study, each, rivals.get(each.student)) for each in study.taught]
    score, worst = headline(study.metric).label, ("worst class",) if study.labels else ()
    header = ("student", "method", "trainings", score, *study.labels.values(), *worst,
              "seconds", f"seconds / {against}")  # fmt: skip
    notes = (
        f"Points, mean ± standard error over texts and trainings. {_measured_on(study, score)}",
        "Seconds: median of a training on the machine of the comparison, without what the teacher"
        " says beforehand, which is computed once.",
    )
    return PaperTable("methods", "Ways of teaching", header, tuple(rows), notes)


def _measured_on(study: Study, score: str) -> str:
    """The texts that the scores are measured on."""
    on = f"{score[0].upper()}{score[1:]} on {study.texts} texts of report-val"
    if study.of_numbers:
        return f"{on}; {NOT_ATTACKED}."
    first = next(iter(study.labels.values()), "")
    return (
        f"{on}, robustness on {_attacked(study)} of them; worst class: the class with the least"
        f" robustness under {first}."
    )


def _row(study: Study, each: Taught, rival: Taught | None) -> tuple[Cell, ...]:
    under = [each.scores.get(attack) for attack in study.labels]
    worst = [next((scores.worst for scores in under if scores), None)] if under else []
    seconds = median(each.seconds)
    beside = f"{seconds / median(rival.seconds):.2f}" if rival else None
    return (
        each.student,
        each.method or None,
        len(each.seconds),
        each.answers.score,
        *(scores.robustness if scores else None for scores in under),
        *worst,
        Estimate(seconds) if seconds else None,
        beside,
    )


def _attacked(study: Study) -> int:
    some = next((s for each in study.taught for s in each.scores.values()), None)
    return some.outcomes[0].texts if some else 0


def tests_table(study: Study) -> PaperTable:
    """Every method against the same one, with the correction of Holm for all of these tests."""
    tests = list(_tests(study))
    corrected = holm([test.p for _, _, test in tests])
    rows: list[tuple[Cell, ...]] = [
        (taught.student, taught.method, score, test.difference, f"{test.p:.2g}", f"{p:.2g}")
        for (taught, score, test), p in zip(tests, corrected, strict=True)
    ]
    against = study.config.compare.against
    header = ("student", "method", "score", f"difference to {against}", "p", "p (Holm)")
    notes = (
        "Difference in points ± standard error over texts and trainings; trainings from one start"
        " with one order of the texts are a pair.",
        f"p: {_how(study)}, for these trainings; it knows nothing of the spread between trainings,"
        f" the standard error does. Holm: corrected for all {len(tests)} tests of this table.",
    )
    return PaperTable("tests", f"Against {against}", header, tuple(rows), notes)


def _how(study: Study) -> str:
    """How the p values are found."""
    exact = "exact test of the signs of each text's differences (with one training each McNemar's)"
    if study.metric == "accuracy":
        return exact
    score = headline(study.metric).label
    drawn = f"the answers of both on each text are exchanged at random, {SWAPS} times"
    return f"of {score}, {drawn}" + ("" if study.of_numbers else f"; of robustness, {exact}")


def _tests(study: Study) -> Iterator[tuple[Taught, str, Gap]]:
    """Each method on each score, tested against the rival of its student."""
    for each in study.taught:
        rival = study.rivals.get(each.student)
        if rival is None or each is rival:
            continue
        yield each, headline(study.metric).label, score_gap(each.answers, rival.answers)
        for attack, label in study.labels.items():
            if attack in each.scores and attack in rival.scores:
                held = each.scores[attack].held, rival.scores[attack].held
                yield each, label, held_gap(*held)


def holm(p: list[float]) -> list[float]:
    """The p values corrected for their number (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p)
    factors = np.arange(len(p), 0, -1)
    corrected = np.minimum(np.maximum.accumulate(np.array(p)[order] * factors), 1.0)
    return [float(corrected[i]) for i in np.argsort(order)]

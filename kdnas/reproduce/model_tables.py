"""Tables of the compared models: the second, and two that the paper does not have."""

from dataclasses import replace

from kdnas.analysis.paper import (
    LABELS,
    STUDIED,
    Estimate,
    PaperTable,
    compare,
    reported,
    table2,
    table5,
    variance_components,
)
from kdnas.analysis.paper.table import Cell
from kdnas.reproduce.finalists import BEST
from kdnas.reproduce.material import Material
from kdnas.reproduce.models import OTHER_THRESHOLD

DIFFERENCES = (2, 5)
"""The differences, in points, for which the trainings are counted that would show them."""

_COUNTS = ("no", "one", "two", "three", "four")
"""Attacks in words."""


def named(m: Material) -> dict[str, str]:
    """Names of scores by what the model is: baselines, then our students."""
    baselines = ("teacher", "teacher-at", "pkd", "pkd-at", "cells", "cells-at")
    found = {LABELS[name]: name for name in baselines if name in m.direct}
    return found | m.students


def transfers_table(m: Material) -> PaperTable:
    """The paper's table 2, with its numbers where the data set is the paper's."""
    table = table2(m.transfers, m.roles.get(BEST), beside=m.paper is reported("sst2"))
    which = f"The searched student is the one of {BEST.removeprefix('searched: ')}."
    return replace(table, notes=(*table.notes, which))


def everything_table(m: Material) -> PaperTable:
    """The paper's table 5; its one searched student stands beside two of our picks."""
    picked = [m.roles[role] for role in (BEST, "searched: most robust") if role in m.roles]
    table = table5(m.direct, m.paper, m.students, picked)
    where = ", ".join(f"{name} ({what})" for what, name in m.students.items())
    return replace(table, notes=(*table.notes, f"In models/: {where}.")) if where else table


def attacks_table(m: Material) -> PaperTable:
    """Every model under every attack: robustness to one alone may be an artefact."""
    rows: list[tuple[Cell, ...]] = []
    for what, name in named(m).items():
        direct = m.direct[name]
        others = [m.scores[attack].get(name) for attack in list(m.scores)[1:]]
        rows.append((what, direct.accuracy, direct.robustness, direct.worst,
                     *(s.robustness if s else None for s in others)))  # fmt: skip
    header = ("model", "accuracy", m.guide, "worst class", *list(m.labels.values())[1:])
    title = f"Accuracy under {_COUNTS[len(m.labels)]} attacks; no search saw the last"
    return PaperTable("attacks", title, header, tuple(rows), _thresholds(m))


def _thresholds(m: Material) -> tuple[str, ...]:
    """Say in how many trainings the other similarity threshold leaves less robustness, or more."""
    usual, other = (m.scores.get(name, {}) for name in ("textfooler", OTHER_THRESHOLD))
    pairs = [
        pair
        for name, scores in {scores.name: scores for scores in usual.values()}.items()
        if name in other
        for pair in zip(scores.each["robustness"], other[name].each["robustness"], strict=False)
    ]
    if not pairs:
        return ()
    lower, higher = sum(b < a for a, b in pairs), sum(b > a for a, b in pairs)
    mean = sum(b - a for a, b in pairs) / len(pairs)
    return (
        f"Robustness at the other threshold: lower in {lower}, higher in {higher} of {len(pairs)} "
        f"trainings, {mean:+.1f} points in the mean.",
    )


def mcnemar_table(m: Material) -> PaperTable:
    """McNemar's test between our students and every other model, on the same texts."""
    models = named(m)
    ours = {what: name for what, name in models.items() if what.startswith("searched")}
    rows: list[tuple[Cell, ...]] = []
    for what, name in ours.items():
        for other, rival in models.items():
            if other not in ours:
                found = compare(m.direct[name].held, m.direct[rival].held)
                counts = Estimate(found.first), Estimate(found.second)
                rows.append((what, other, *counts, f"{found.p:.2g}"))
    header = ("student", "against", "only the student holds", "only the other holds", "p")
    note = (
        f"Texts held under {m.guide}, in the mean of the pairs of trainings. "
        "Exact test of the signs of each text's differences; with one training each it is "
        "McNemar's."
    )
    return PaperTable("mcnemar", "Robustness text by text", header, tuple(rows), (note,))


def variance_table(m: Material) -> PaperTable:
    """What of the students' spread is the architecture's, and how many trainings show how much."""
    rows: list[tuple[Cell, ...]] = []
    for group in ("searched", "hand-made"):
        chosen = [m.direct[name] for what, name in m.students.items() if what.startswith(group)]
        most = max((scores.trainings for scores in chosen), default=0)
        whole = [scores.each for scores in chosen if scores.trainings == most]
        for score in STUDIED:
            if len(whole) > 1 and most > 1:
                found = variance_components([each[score.name] for each in whole])
                spreads = (Estimate(found.between), Estimate(found.within))
                needed = [found.trainings_for(difference) for difference in DIFFERENCES]
                counts = (found.architectures, found.trainings)
                reliability = f"{found.reliability:.2f}"
                rows.append((group, score.label, *counts, *spreads, reliability, *needed))
    costs = [f"trainings for {difference} points" for difference in DIFFERENCES]
    header = ("students", "metric", "architectures", "trainings", "between architectures",
              "between trainings", "reliability", *costs)  # fmt: skip
    note = (
        "Standard deviations in points, of trainings attacked on the same texts. Reliability: "
        "share of the variance of one training that is the architecture's. Trainings of each of "
        "two architectures that show such a difference on these texts: 5 % level, 80 % power."
    )
    return PaperTable("variance", "Architectures and trainings", header, tuple(rows), (note,))

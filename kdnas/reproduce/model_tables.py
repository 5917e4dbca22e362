"""Tables of the compared models: the second, and two that the paper does not have."""

from dataclasses import replace

from kdnas.analysis.paper import LABELS, Estimate, PaperTable, compare, reported, table2, table5
from kdnas.analysis.paper.table import Cell
from kdnas.reproduce.finalists import BEST
from kdnas.reproduce.material import Material


def transfers_table(m: Material) -> PaperTable:
    """The paper's table 2, with its numbers where the data set is the paper's."""
    table = table2(m.transfers, m.roles.get(BEST), beside=m.paper is reported("sst2"))
    which = f"The searched student is the one of {BEST.removeprefix('searched: ')}."
    return replace(table, notes=(*table.notes, which))


def everything_table(m: Material) -> PaperTable:
    """The paper's table 5; its one searched student stands beside two of our picks."""
    picked = [m.roles[role] for role in (BEST, "searched: most robust") if role in m.roles]
    return table5(m.direct, m.paper, m.students, picked)


def attacks_table(m: Material) -> PaperTable:
    """Every model under every attack: robustness to one alone may be an artefact."""
    rows: list[tuple[Cell, ...]] = []
    for what, name in _named(m).items():
        direct = m.direct[name]
        others = [m.scores[attack].get(name) for attack in ("other-threshold", "deepwordbug")]
        rows.append((what, direct.accuracy, direct.robustness, direct.worst,
                     *(s.robustness if s else None for s in others)))  # fmt: skip
    header = ("model", "accuracy", "TextFooler", "worst class", "TextFooler, other threshold",
              "DeepWordBug")  # fmt: skip
    title = "Accuracy under three attacks; no search saw the last"
    return PaperTable("attacks", title, header, tuple(rows))


def mcnemar_table(m: Material) -> PaperTable:
    """McNemar's test between our students and every other model, on the same texts."""
    named = _named(m)
    ours = {what: name for what, name in named.items() if what.startswith("searched")}
    rows: list[tuple[Cell, ...]] = []
    for what, name in ours.items():
        for other, rival in named.items():
            if other not in ours:
                found = compare(m.direct[name], m.direct[rival])
                counts = Estimate(found.first), Estimate(found.second)
                rows.append((what, other, *counts, f"{found.p:.2g}"))
    header = ("student", "against", "only the student holds", "only the other holds", "p")
    note = (
        "Texts held under TextFooler, in the mean of the pairs of trainings. Exact test of the "
        "signs of each text's differences; with one training each it is McNemar's."
    )
    return PaperTable("mcnemar", "Robustness text by text", header, tuple(rows), (note,))


def _named(m: Material) -> dict[str, str]:
    """Names of scores by what the model is: baselines, then our students."""
    baselines = ("teacher", "teacher-at", "pkd", "pkd-at", "cells", "cells-at")
    found = {LABELS[name]: name for name in baselines if name in m.direct}
    return found | m.students

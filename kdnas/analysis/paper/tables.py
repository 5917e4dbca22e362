"""The paper's tables 1 to 5, each value beside the one that Guo 2021 prints."""

from collections.abc import Callable, Mapping, Sequence

from kdnas.analysis.paper.reported import TRANSFERS, Reported
from kdnas.analysis.paper.scores import Estimate, Scores
from kdnas.analysis.paper.table import Cell, PaperTable

LABELS = {
    "teacher": "teacher",
    "teacher-at": "teacher (AT)",
    "pkd": "PKD",
    "pkd-at": "PKD (AT)",
    "cells": "AdaBERT cells",
    "cells-at": "AdaBERT cells (AT)",
    "cells-extra": "AdaBERT cells, adversarial texts too",
    "cells-robust": "AdaBERT cells",
    "cells-robust-extra": "AdaBERT cells, adversarial texts too",
}
"""Models as the tables call them; AT is adversarial training."""

_VALUES: dict[str, tuple[str, Callable[[Scores], Estimate]]] = {
    "accuracy": ("accuracy", lambda s: s.accuracy),
    "robustness": ("robustness", lambda s: s.robustness),
    "worst": ("worst-class robustness", lambda s: s.worst),
    "words": ("words changed %", lambda s: s.words),
    "queries": ("queries", lambda s: s.queries),
    "parameters": ("parameters M", lambda s: s.size),
}

Lines = Sequence[tuple[str, str, str]]
"""Label, name of the model's scores, and its name in the paper."""


def _compared(
    name: str,
    title: str,
    lines: Lines,
    values: Sequence[str],
    scores: Mapping[str, Scores],
    paper: Mapping[str, Reported],
) -> PaperTable:
    """Lines of models; models without scores are left out and named in a note."""
    header = ["model"]
    for value in values:
        header += [_VALUES[value][0]] if value == "worst" else [_VALUES[value][0], "paper"]
    rows: list[tuple[Cell, ...]] = []
    for label, model, printed in lines:
        if model not in scores:
            continue
        cells: list[Cell] = [label]
        for value in values:
            cells.append(_VALUES[value][1](scores[model]))
            if value != "worst":
                known = paper.get(printed, {}).get(value)
                cells.append(None if known is None else Estimate(known))
        rows.append(tuple(cells))
    missing = [label for label, model, _ in lines if model not in scores]
    notes = (f"Not there yet: {', '.join(missing)}.",) if missing else ()
    return PaperTable(name, title, tuple(header), tuple(rows), notes)


def _plain(*names: str) -> Lines:
    return [(LABELS[name], name, name) for name in names]


def table1(scores: Mapping[str, Scores], paper: Mapping[str, Reported]) -> PaperTable:
    """Students and their teacher under direct attack."""
    values = ("accuracy", "robustness", "worst", "words", "queries")
    lines = _plain("teacher", "cells", "pkd")
    return _compared("table1", "Table 1: direct attacks", lines, values, scores, paper)


def table2(
    transfers: Mapping[tuple[str, str], Sequence[tuple[int, int]]],
    searched: str | None,
    *,
    beside: bool,
) -> PaperTable:
    """Transfer: accuracy of the target (columns) on the texts that fooled the surrogate (rows).

    Args:
        transfers: (Texts shown, texts right) of each replicate.
        searched: Name of our student's scores, if there is one.
        beside: Whether the data set is the paper's.
    """
    names = {"teacher": "teacher", "cells": "cells", "pkd": "pkd"}
    names |= {"searched": searched} if searched else {}
    present = {n: m for n, m in names.items() if any(m in pair for pair in transfers)}
    header = ["surrogate \\ target"]
    for target in present:
        header += [LABELS.get(target, "searched"), "paper"]
    rows: list[tuple[Cell, ...]] = []
    for surrogate, source in present.items():
        cells: list[Cell] = [LABELS.get(surrogate, "searched")]
        for target, other in present.items():
            printed = TRANSFERS.get((surrogate, target)) if beside else None
            cells += [_pooled(transfers.get((source, other), ()))]
            cells += [None if printed is None else Estimate(printed)]
        rows.append(tuple(cells))
    title = "Table 2: transfer attacks, accuracy of the target on what fooled the surrogate"
    return PaperTable("table2", title, tuple(header), tuple(rows))


def _pooled(counts: Sequence[tuple[int, int]]) -> Estimate | None:
    """The share of right answers over all replicates, in points."""
    shown = sum(n for n, _ in counts)
    return Estimate(100 * sum(right for _, right in counts) / shown) if shown else None


def table3(scores: Mapping[str, Scores], paper: Mapping[str, Reported]) -> PaperTable:
    """Adversarial training of the teacher and of a student."""
    values = ("accuracy", "robustness", "worst", "words")
    lines = _plain("teacher", "teacher-at", "cells", "cells-at")
    return _compared("table3", "Table 3: adversarial training", lines, values, scores, paper)


def table4(scores: Mapping[str, Scores], paper: Mapping[str, Reported]) -> PaperTable:
    """One student from a teacher with and without adversarial training, on two sets of texts."""
    lines = [
        ("from the teacher, original texts", "cells", "cells"),
        ("from the teacher (AT), original texts", "cells-robust", "cells-robust"),
        ("from the teacher, adversarial texts too", "cells-extra", "cells-extra"),
        ("from the teacher (AT), adversarial texts too", "cells-robust-extra",
         "cells-robust-extra"),
    ]  # fmt: skip
    title = "Table 4: AdaBERT cells distilled from a robust teacher"
    return _compared("table4", title, lines, ("accuracy", "robustness", "worst"), scores, paper)


def table5(
    scores: Mapping[str, Scores], paper: Mapping[str, Reported], students: Mapping[str, str]
) -> PaperTable:
    """All models; the paper's one searched student stands beside each of our picks.

    Args:
        scores: By model.
        paper: What the paper prints.
        students: Scores' names of our students by what they are.
    """
    lines = list(_plain("teacher", "teacher-at", "pkd", "pkd-at", "cells", "cells-at"))
    lines += [(role, name, "searched" if role in PICKED else "") for role, name in students.items()]
    values = ("accuracy", "robustness", "worst", "parameters")
    return _compared("table5", "Table 5: accuracy, robustness, size", lines, values, scores, paper)


PICKED = ("searched: best fitness", "searched: most robust")
"""Our students that the paper's may be compared with."""

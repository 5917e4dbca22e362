"""The paper's tables 1 to 5, each value beside the one that Guo 2021 prints."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from kdnas import metrics
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
}
"""Models as the tables call them; AT is adversarial training."""

ROBUST_LABELS = {
    "from the teacher, original texts": "cells",
    "from the teacher (AT), original texts": "cells-robust",
    "from the teacher, adversarial texts too": "cells-extra",
    "from the teacher (AT), adversarial texts too": "cells-robust-extra",
}
"""The lines of table 4 and their models."""

_VALUES: dict[str, tuple[str, Callable[[Scores], Estimate | None]]] = {
    "accuracy": (metrics.ACCURACY.header, lambda s: s.accuracy),
    "robustness": (metrics.ROBUSTNESS.header, lambda s: s.robustness),
    "worst": (metrics.WORST_CLASS_ROBUSTNESS.header, lambda s: s.worst),
    "words": (metrics.WORDS_CHANGED.header, lambda s: s.words),
    "queries": (metrics.QUERIES.header, lambda s: s.queries),
    "parameters": (metrics.PARAMETERS.header, lambda s: s.size),
    "adversarial": ("adversarial texts", lambda s: s.adversarial),
}

PAPER = ", paper"
"""The end of the name of a column that the paper prints."""

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
    header = ["model", "trainings"]
    for value in values:
        header += [_VALUES[value][0], _VALUES[value][0] + PAPER]
    rows: list[tuple[Cell, ...]] = []
    for label, model, printed in lines:
        if model not in scores:
            continue
        cells: list[Cell] = [label, scores[model].trainings]
        for value in values:
            known = paper.get(printed, {}).get(value)
            cells += [_VALUES[value][1](scores[model])]
            cells += [None if known is None else Estimate(known)]
        rows.append(tuple(cells))
    missing = [label for label, model, _ in lines if model not in scores]
    notes: tuple[str, ...] = (f"Not there yet: {', '.join(missing)}.",) if missing else ()
    constant = [
        f"{label} ({scores[model].constant} of {scores[model].trainings})"
        for label, model, _ in lines
        if model in scores and scores[model].constant
    ]
    if constant:
        notes += (f"Trainings that always give one answer, or nearly: {', '.join(constant)}.",)
    return PaperTable(name, title, *_printed(header, rows), notes)


def _printed(
    header: Sequence[str], rows: Sequence[tuple[Cell, ...]]
) -> tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...]]:
    """Header and rows without the columns in which the paper prints nothing."""
    kept = [
        i
        for i, name in enumerate(header)
        if not name.endswith(PAPER) or any(row[i] for row in rows)
    ]
    return tuple(header[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows)


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
        transfers: (Times shown, times right) of each text, over all replicates.
        searched: Name of our student's scores, if there is one.
        beside: Whether the data set is the paper's.
    """
    names = {"teacher": "teacher", "cells": "cells", "pkd": "pkd"}
    names |= {"searched": searched} if searched else {}
    present = {n: m for n, m in names.items() if any(m in pair for pair in transfers)}
    header = ["surrogate \\ target", "texts"]
    for target in present:
        label = LABELS.get(target, "searched")
        header += [label, label + PAPER]
    rows: list[tuple[Cell, ...]] = []
    for surrogate, source in present.items():
        counts = {target: transfers.get((source, name), ()) for target, name in present.items()}
        most = max(sum(shown for shown, _ in pairs) for pairs in counts.values())
        cells: list[Cell] = [LABELS.get(surrogate, "searched"), most]
        for target in present:
            printed = TRANSFERS.get((surrogate, target)) if beside else None
            cells += [_pooled(counts[target])]
            cells += [None if printed is None else Estimate(printed)]
        rows.append(tuple(cells))
    title = "Table 2: transfer attacks, accuracy of the target on what fooled the surrogate"
    note = (
        "Texts: adversarial texts shown, of all trainings together; ± the standard error over the "
        "texts they were made from."
    )
    return PaperTable("table2", title, *_printed(header, rows), (note,))


def _pooled(counts: Sequence[tuple[int, int]]) -> Estimate | None:
    """The share of right answers over all replicates, in points, and its error over the texts."""
    shown = sum(n for n, _ in counts)
    if not shown:
        return None
    share = sum(right for _, right in counts) / shown
    residuals = sum((right - share * n) ** 2 for n, right in counts)
    return Estimate(metrics.points(share), metrics.points(math.sqrt(residuals)) / shown)


def table3(scores: Mapping[str, Scores], paper: Mapping[str, Reported]) -> PaperTable:
    """Adversarial training of the teacher and of a student."""
    values = ("accuracy", "robustness", "worst", "words", "adversarial")
    lines = _plain("teacher", "teacher-at", "cells", "cells-at")
    return _compared("table3", "Table 3: adversarial training", lines, values, scores, paper)


def table4(scores: Mapping[str, Scores], paper: Mapping[str, Reported]) -> PaperTable:
    """One student from a teacher with and without adversarial training, on two sets of texts."""
    lines = [(label, name, name) for label, name in ROBUST_LABELS.items()]
    title = "Table 4: AdaBERT cells distilled from a robust teacher"
    values = ("accuracy", "robustness", "worst", "adversarial")
    return _compared("table4", title, lines, values, scores, paper)


def table5(
    scores: Mapping[str, Scores],
    paper: Mapping[str, Reported],
    students: Mapping[str, str],
    picked: Collection[str] = (),
) -> PaperTable:
    """All models.

    Args:
        scores: By model.
        paper: What the paper prints.
        students: Names of our students' scores by what they are.
        picked: Of these, those that the paper's searched student may be compared with.
    """
    lines = list(_plain("teacher", "teacher-at", "pkd", "pkd-at", "cells", "cells-at"))
    lines += [(label, n, "searched" if n in picked else "") for label, n in students.items()]
    values = ("accuracy", "robustness", "worst", "parameters")
    return _compared("table5", "Table 5: accuracy, robustness, size", lines, values, scores, paper)

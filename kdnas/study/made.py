"""The table of texts that were made for the trainings of a study."""

from collections.abc import Iterator, Sequence
from textwrap import shorten

import numpy as np

from kdnas.analysis.paper import Estimate, PaperTable, share
from kdnas.analysis.paper.table import Cell
from kdnas.errors import UserError
from kdnas.records import MOST_MADE, MadeText, Text, written
from kdnas.study.material import Study

_SHOWN = 3
"""Pairs of each method that are shown, from the least to the most similar one."""

_WIDTH = 160
"""Characters of a text that are shown."""


def made_table(study: Study) -> PaperTable:
    """How alike originals and made texts are, by student and method, with some of them.

    Raises:
        UserError: No text was made.
    """
    if not study.made:
        raise UserError("no method of it makes texts")
    rows = [
        row
        for each in study.taught
        for row in _rows(each.student, each.method,
                         study.made.get((each.student, each.method), ()))
    ]  # fmt: skip
    header = ("student", "method", "pairs", "similarity", "teacher agrees",
              "original", "made", "of this pair")  # fmt: skip
    notes = (
        f"Up to {MOST_MADE} texts of each training that others were made of, or found for.",
        "Similarity: cosine of both texts in the sentence encoder; teacher agrees: it gives both"
        " one class; both mean ± standard error over pairs, times 100. Shown are the least, the"
        " middle and the most similar pair.",
    )
    return PaperTable("made-texts", "Texts that were made for students", header, tuple(rows), notes)


def _rows(student: str, method: str, made: Sequence[MadeText]) -> Iterator[tuple[Cell, ...]]:
    if not made:
        return
    known = [each.similarity for each in made if each.similarity is not None]
    agree = [each.agrees for each in made if each.agrees is not None]
    first: tuple[Cell, ...] = (student, method, len(made), _mean(known), _mean(agree))
    ordered = sorted(made, key=lambda each: (each.similarity or 0.0, written(each.made)))
    places = sorted({round(k * (len(made) - 1) / (_SHOWN - 1)) for k in range(_SHOWN)})
    for k, place in enumerate(places):
        each = ordered[place]
        own = "-" if each.similarity is None else f"{100 * each.similarity:.1f}"
        head = first if k == 0 else (student, method, None, None, None)
        yield (*head, _shown(each.original), _shown(each.made), own)


def _mean(values: Sequence[float]) -> Estimate | None:
    """The mean, times 100."""
    return share(np.array([values], dtype=float)) if values else None


def _shown(text: Text) -> str:
    """A text on one line, cut where it is long."""
    line = " / ".join(written(text).split("\n"))
    return shorten(line, _WIDTH, placeholder=" ...")

"""`PaperTable`: a table as a value, and its forms: Markdown, CSV and LaTeX."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kdnas.analysis.paper.scores import Estimate

Cell = str | int | Estimate | None


@dataclass(frozen=True)
class PaperTable:
    """A table.

    Attributes:
        name: Of its files.
        title: What it shows.
        header: Names of the columns.
        rows: Cells; None where there is no value.
        notes: What its readers have to know.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def as_markdown(table: PaperTable) -> str:
    """The table with the title above and the notes below."""
    lines = [_line(table.header), _line(["---"] * len(table.header))]
    lines += [_line([_text(cell) for cell in row]) for row in table.rows]
    notes = [f"\n{note}" for note in table.notes]
    return "\n".join([f"**{table.title}**", "", *lines, *notes]) + "\n"


def as_csv(table: PaperTable) -> str:
    """Values unrounded; the error of an estimate has a column of its own."""
    estimated = [
        any(isinstance(row[i], Estimate) for row in table.rows) for i in range(len(table.header))
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_spread([(name, f"{name} error") for name in table.header], estimated))
    for row in table.rows:
        writer.writerow(_spread([_numbers(cell) for cell in row], estimated))
    return out.getvalue()


def as_latex(table: PaperTable) -> str:
    """A `tabular` of the package booktabs in a `table` with its title as the caption."""
    columns = "l" + "r" * (len(table.header) - 1)
    lines = [
        r"\begin{table}",
        rf"\caption{{{_escaped(table.title)}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        _row(table.header),
        r"\midrule",
        *(_row([_text(cell) for cell in row]) for row in table.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par {_escaped(note)}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _row(cells: Sequence[str]) -> str:
    return " & ".join(map(_escaped, cells)) + r" \\"


def _text(cell: Cell) -> str:
    """One digit behind the point, and a dash where there is no value."""
    match cell:
        case None:
            return "-"
        case Estimate(value, None):
            return f"{value:.1f}"
        case Estimate(value, error):
            return f"{value:.1f} ± {error:.1f}"
    return str(cell)


def _numbers(cell: Cell) -> tuple[object, object]:
    match cell:
        case Estimate(value, error):
            return value, error
    return cell, None


def _spread(pairs: Sequence[tuple[object, object]], estimated: Sequence[bool]) -> list[object]:
    """First values, and second ones where a column has them."""
    return [
        value
        for pair, both in zip(pairs, estimated, strict=True)
        for value in (pair if both else pair[:1])
    ]


def _escaped(text: str) -> str:
    escaped = re.sub(r"([&%$#_{}])", r"\\\1", text)
    return escaped.replace("±", r"$\pm$").replace("->", r"$\to$")

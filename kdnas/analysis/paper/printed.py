"""The numbers that the sources of the methods print, beside which those of a comparison stand."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kdnas.errors import UserError


@dataclass(frozen=True)
class Printed:
    """A printed table.

    Attributes:
        source: Where it stands.
        columns: The task of each and what it is scored by: a metric of tasks, or an attack.
        rows: By student and method, as a comparison names them, the values in points; the teacher
            has no method.
        averages: The printed average of each row; none where the table has no such column.
        constants: What the average has besides the columns.
        note: What its readers have to know.
    """

    source: str
    columns: tuple[tuple[str, str], ...]
    rows: dict[tuple[str, str], tuple[float, ...]]
    averages: dict[tuple[str, str], float]
    constants: tuple[float, ...] = ()
    note: str = ""


def printed(name: str) -> Printed:
    """The printed table of that name.

    Raises:
        UserError: There is none.
    """
    tables = _tables()
    if name not in tables:
        raise UserError(f"compare.printed = {name!r}: there are {', '.join(tables)}")
    return tables[name]


@cache
def _tables() -> dict[str, Printed]:
    content = (files("kdnas.analysis.paper") / "printed.toml").read_text()
    return {name: _table(**values) for name, values in tomllib.loads(content).items()}


def _table(
    source: str,
    columns: list[tuple[str, str]],
    average: bool,
    rows: list[tuple[str, str, float]],
    constants: tuple[float, ...] = (),
    note: str = "",
) -> Printed:
    width = len(columns)
    known = {(student, method): tuple(values) for student, method, *values in rows}
    return Printed(
        source,
        tuple((task, score) for task, score in columns),
        {row: values[:width] for row, values in known.items()},
        {row: values[width] for row, values in known.items()} if average else {},
        tuple(constants),
        note,
    )

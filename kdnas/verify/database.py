"""Whether the archive is a sound database with the tables of this version."""

import sqlite3
from contextlib import closing

from kdnas.archive import FILE_NAME, SCHEMA_VERSION
from kdnas.archive.schema import SCHEMA
from kdnas.verify.problem import Problem, one_line

INSTEAD = "use a copy of the folder, or start a new run"

_COLUMNS = """
SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name)
AS columns WHERE tables.type = 'table'
"""


def database_problems(db: sqlite3.Connection) -> list[Problem]:
    """What makes the archive unreadable; where it is, nothing else of it is worth a look."""
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:  # SQLite's own default
            return [Problem(FILE_NAME, f"is empty or no archive of a run: {INSTEAD}")]
        if version != SCHEMA_VERSION:
            found = f"has schema {version}; this kdnas reads {SCHEMA_VERSION}"
            return [Problem(FILE_NAME, f"{found}: use the kdnas that wrote it, or a copy")]
        lines = [one_line(line) for (line,) in db.execute("PRAGMA integrity_check(10)")]
        if lines != ["ok"]:
            return [Problem(FILE_NAME, f"is damaged ({line}): {INSTEAD}") for line in lines]
        return _table_problems(db)
    except sqlite3.DatabaseError as error:
        return [unreadable(error)]


def unreadable(error: Exception) -> Problem:
    """What SQLite or the system said when it was asked for the archive's content."""
    return Problem(FILE_NAME, f"cannot be read ({one_line(error)}): {INSTEAD}")


def _table_problems(db: sqlite3.Connection) -> list[Problem]:
    with closing(sqlite3.connect(":memory:")) as new:
        new.executescript(SCHEMA)
        expected, found = _columns(new), _columns(db)
    return [
        Problem(FILE_NAME, f"table {name} is missing or has other columns: {INSTEAD}")
        for name, columns in expected.items()
        if found.get(name) != columns
    ]


def _columns(db: sqlite3.Connection) -> dict[str, set[str]]:
    tables: dict[str, set[str]] = {}
    for table, column in db.execute(_COLUMNS):
        tables.setdefault(table, set()).add(column)
    return tables

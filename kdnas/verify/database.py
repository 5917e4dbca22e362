"""Whether a store is a sound database with the tables of this version.

The tables refuse most of what could be wrong (kdnas/runs/schema.py); SQLite's own integrity
check looks whether every row keeps to them.
"""

import sqlite3
from contextlib import closing

from kdnas.runs import SCHEMA_VERSION
from kdnas.runs.database import wrong_version
from kdnas.runs.schema import SCHEMA
from kdnas.verify.problem import Problem, one_line

INSTEAD = "use a copy of the folder, or start a new run"


def database_problems(db: sqlite3.Connection, file: str) -> list[Problem]:
    """Return what makes a store unreadable; where something does, nothing else is worth a look."""
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            return [Problem(file, wrong_version(version))]
        problems = _schema_problems(db, file)
        if problems:
            return problems
        lines = _integrity(db)
        if lines != ["ok"]:
            return [Problem(file, f"is damaged ({line}): {INSTEAD}") for line in lines]
        return [
            Problem(file, f"row {row} of {table} names a row of {parent} that is not there")
            for table, row, parent, _ in db.execute("PRAGMA foreign_key_check")
        ][:10]
    except (sqlite3.DatabaseError, TypeError) as error:
        return [unreadable(error, file)]


def unreadable(error: Exception, file: str) -> Problem:
    """Return the problem of a store whose content SQLite or the system does not give."""
    return Problem(file, f"cannot be read ({one_line(error)}): {INSTEAD}")


def _integrity(db: sqlite3.Connection) -> list[str]:
    """What SQLite finds, on a copy: it does not look at constraints where it may not write."""
    with closing(sqlite3.connect(":memory:")) as copy:
        db.backup(copy)
        return [one_line(line) for (line,) in copy.execute("PRAGMA integrity_check(10)")]


def _schema_problems(db: sqlite3.Connection, file: str) -> list[Problem]:
    """Tables that are missing or others, and everything that has no place, such as a trigger."""
    with closing(sqlite3.connect(":memory:")) as new:
        new.executescript(SCHEMA)
        expected, found = _schema(new), _schema(db)
    other = [name for name, sql in expected.items() if found.get(name) != sql]
    strange = [name for name in found if name not in expected]
    return [
        *(Problem(file, f"table {name} is missing or another: {INSTEAD}") for name in other),
        *(Problem(file, f"{name} has no place in a store: {INSTEAD}") for name in strange),
    ]


def _schema(db: sqlite3.Connection) -> dict[str, str]:
    """The statements that made each table, index, trigger and view."""
    query = "SELECT name, type || ' ' || coalesce(sql, '') FROM sqlite_master"
    return {name: one_line(sql) for name, sql in db.execute(query) if "sqlite_stat" not in name}

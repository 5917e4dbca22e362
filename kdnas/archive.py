"""The archive of a run: one SQLite file with every ask, every tell and every evaluation.

Tables: `meta` (the run's configuration and state), `events` (asks and tells in order),
`evaluations` (one row per birth, from its ask on), `reports` (the front on report-val), `texts`
(each attacked text). Every transaction is durable when its call returns.
"""

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from kdnas.errors import UserError
from kdnas.records import (
    AttackOutcome,
    Evaluation,
    Failure,
    Measurement,
    Report,
    TextOutcome,
)
from kdnas.space import Architecture

SCHEMA_VERSION = 1
FILE_NAME = "archive.sqlite"

_MEASURED = """
    accuracy REAL, robustness REAL, worst_class_accuracy REAL, worst_class_robustness REAL,
    degenerate INTEGER, texts INTEGER, attacked INTEGER, correct TEXT, totals TEXT, predicted TEXT,
    skipped TEXT, succeeded TEXT, failed TEXT, queries INTEGER, words_changed_share REAL, spec TEXT
"""
_MEASURED_NAMES = [column.split()[0] for column in _MEASURED.split(",")]

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL CHECK (kind IN ('ask', 'tell')),
    birth INTEGER NOT NULL
);
CREATE TABLE evaluations (
    birth INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, architecture TEXT NOT NULL,
    parents TEXT NOT NULL, operation TEXT NOT NULL, seed INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'ok', 'failed')),
    parameters INTEGER, block_parameters INTEGER, flops INTEGER, loss REAL,
    train_seconds REAL, attack_seconds REAL, failure TEXT, message TEXT, {_MEASURED}
);
CREATE TABLE reports (birth INTEGER PRIMARY KEY, seconds REAL, {_MEASURED});
CREATE TABLE texts (
    birth INTEGER, split TEXT, text_index INTEGER, spec TEXT, label INTEGER, predicted INTEGER,
    outcome TEXT, words INTEGER, words_changed INTEGER, queries INTEGER, perturbed TEXT,
    PRIMARY KEY (birth, split, text_index)
) WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "fuse.sshfs"}


@dataclass(frozen=True)
class Birth:
    """A proposed student: its number in the run, its architecture and where it came from."""

    birth: int
    architecture: Architecture
    operation: str
    parents: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Row:
    """One student of an archive, in birth order.

    Attributes:
        birth: Its number in the run, from 0.
        key: The architecture's identity.
        architecture_json: The architecture as it was proposed.
        operation: What made it; `parents` are births.
        seed: Seed of its training.
        status: `pending`, `ok` or `failed`.
        evaluation: What was measured, if `ok` (without its single texts).
        failure: Why not, if `failed`.
        report: Its values on report-val, if it was measured there.
    """

    birth: int
    key: str
    architecture_json: str
    operation: str
    parents: tuple[int, ...]
    seed: int
    status: Literal["pending", "ok", "failed"]
    evaluation: Evaluation | None = None
    failure: Failure | None = None
    report: Measurement | None = None

    @property
    def architecture(self) -> Architecture:
        """The architecture as it was proposed."""
        return Architecture.from_json(self.architecture_json)


class Archive:
    """Appends to and reads from the archive of one run; use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db, self.path = connection, path

    @classmethod
    def create(cls, path: Path, *, synchronous: Literal["FULL", "OFF"] = "FULL") -> Self:
        """A new archive at `path`; its folder is made too.

        Raises:
            UserError: The file exists already, or cannot be written.
        """
        if path.exists():
            raise UserError(f"{path} exists already")
        archive = cls._connect(path)
        archive._prepare(synchronous)
        with archive._writing():
            for statement in _SCHEMA.split(";"):  # executescript would commit in between
                archive._db.execute(statement)
        return archive

    @classmethod
    def open(cls, path: Path) -> Self:
        """An existing archive.

        Raises:
            UserError: There is none at `path`, or it is of another schema version.
        """
        if not path.is_file():
            raise UserError(f"no run at {path.parent}: {path.name} is missing")
        archive = cls._connect(path)
        try:
            (version,) = archive._db.execute("PRAGMA user_version").fetchone()
            if version != SCHEMA_VERSION:
                raise UserError(f"{path} has schema {version}; this kdnas reads {SCHEMA_VERSION}")
            archive._prepare("FULL")
        except sqlite3.DatabaseError as error:
            archive._db.close()
            raise UserError(f"{path} cannot be read as an archive: {error}") from error
        except UserError:
            archive._db.close()
            raise
        return archive

    @classmethod
    def _connect(cls, path: Path) -> Self:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"cannot open {path}: {error}") from error
        connection.row_factory = sqlite3.Row
        return cls(connection, path)

    def _prepare(self, synchronous: str) -> None:
        """Durable at every commit; the write-ahead log does not work over a network."""
        if _file_system(self.path.parent) not in _NETWORK_FILE_SYSTEMS:
            self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={synchronous}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One durable transaction."""
        try:
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            yield
            if self._db.in_transaction:
                self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                hint = "free some space or mend its permissions, then go on with --resume"
                raise UserError(f"cannot write {self.path}: {error}; {hint}") from error
            raise

    def set_meta(self, **values: Any) -> None:
        """Store values of the run under their names, as JSON."""
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def meta(self, name: str, default: Any = None) -> Any:
        """A value of the run, or `default` where there is none."""
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
        return json.loads(found["value"]) if found else default

    def ask(self, births: Sequence[Birth]) -> None:
        """Record proposals: a pending row and an event each."""
        rows = [
            (b.birth, b.architecture.key, b.architecture.to_json(), json.dumps(b.parents),
             b.operation, b.seed)
            for b in births
        ]  # fmt: skip
        with self._writing():
            self._db.executemany(
                "INSERT INTO evaluations (birth, key, architecture, parents, operation, seed,"
                " status) VALUES (?, ?, ?, ?, ?, ?, 'pending')",
                rows,
            )
            self._events("ask", [b.birth for b in births])

    def finish(self, birth: int, result: Evaluation | Failure) -> None:
        """Record the result of a pending birth."""
        values: dict[str, Any]
        if isinstance(result, Failure):
            values = {"status": "failed", "failure": result.kind, "message": result.message}
        else:
            values = {
                "status": "ok",
                **{name: getattr(result, name) for name in _EVALUATION_NAMES},
                **_measured_values(result.search),
            }
        assignments = ", ".join(f"{name} = ?" for name in values)
        with self._writing():
            changed = self._db.execute(
                f"UPDATE evaluations SET {assignments} WHERE birth = ?", (*values.values(), birth)
            )
            if not changed.rowcount:
                raise LookupError(f"birth {birth} has a result but was never asked")
            if isinstance(result, Evaluation):
                self._texts(birth, "search", result.search.spec, result.texts)

    def tell(self, births: Iterable[int]) -> None:
        """Record that the results of `births` were told to the algorithm, in this order."""
        with self._writing():
            self._events("tell", births)

    def report(self, birth: int, report: Report) -> None:
        """Record a student's values on report-val."""
        values = _measured_values(report.measurement)
        marks = ", ".join("?" * (2 + len(values)))
        with self._writing():
            self._db.execute(
                f"INSERT OR REPLACE INTO reports (birth, seconds, {', '.join(values)})"
                f" VALUES ({marks})",
                (birth, report.seconds, *values.values()),
            )
            self._texts(birth, "report", report.measurement.spec, report.texts)

    def _events(self, kind: str, births: Iterable[int]) -> None:
        rows = [(kind, birth) for birth in births]
        self._db.executemany("INSERT INTO events (kind, birth) VALUES (?, ?)", rows)

    def _texts(self, birth: int, split: str, spec: str, texts: Iterable[TextOutcome]) -> None:
        rows = [
            (birth, split, t.index, spec, t.label, t.predicted, t.outcome, t.words,
             t.words_changed, t.queries, t.perturbed)
            for t in texts
        ]  # fmt: skip
        marks = ", ".join("?" * 11)
        self._db.executemany(f"INSERT OR REPLACE INTO texts VALUES ({marks})", rows)

    def events(self) -> list[tuple[str, int]]:
        """Every ask and tell in order: (kind, birth)."""
        return [
            tuple(row) for row in self._db.execute("SELECT kind, birth FROM events ORDER BY id")
        ]

    def rows(self) -> list[Row]:
        """Every student in birth order."""
        reports = {r["birth"]: _measurement(r) for r in self._db.execute("SELECT * FROM reports")}
        found = self._db.execute("SELECT * FROM evaluations ORDER BY birth")
        return [_row(row, reports.get(row["birth"])) for row in found]

    def texts(self, birth: int, split: Literal["search", "report"]) -> list[TextOutcome]:
        """The attacked texts of a student on one split."""
        found = self._db.execute(
            "SELECT text_index, label, predicted, outcome, words, words_changed, queries, perturbed"
            " FROM texts WHERE birth = ? AND split = ? ORDER BY text_index",
            (birth, split),
        )
        return [TextOutcome(*row) for row in found]


_EVALUATION_NAMES = (
    "parameters",
    "block_parameters",
    "flops",
    "loss",
    "train_seconds",
    "attack_seconds",
)
_JSON_NAMES = ("correct", "totals", "predicted", "skipped", "succeeded", "failed")


def _measured_values(measurement: Measurement) -> dict[str, Any]:
    attack = measurement.attack
    values: dict[str, Any] = {
        **{name: getattr(measurement, name) for name in _MEASURED_NAMES[:6]},
        "attacked": attack.texts,
        **{name: getattr(measurement, name) for name in _JSON_NAMES[:3]},
        **{name: getattr(attack, name) for name in _JSON_NAMES[3:]},
        "queries": attack.queries,
        "words_changed_share": attack.words_changed_share,
        "spec": measurement.spec,
    }
    return values | {name: json.dumps(values[name]) for name in _JSON_NAMES}


def _measurement(row: sqlite3.Row) -> Measurement:
    counts = {name: tuple(json.loads(row[name])) for name in _JSON_NAMES}
    attack = AttackOutcome(
        counts["skipped"],
        counts["succeeded"],
        counts["failed"],
        row["queries"],
        row["words_changed_share"],
    )
    return Measurement(
        counts["correct"], counts["totals"], counts["predicted"], attack, row["spec"]
    )


def _row(row: sqlite3.Row, report: Measurement | None) -> Row:
    evaluation = failure = None
    if row["status"] == "ok":
        numbers = {name: row[name] for name in _EVALUATION_NAMES}
        numbers["loss"] = math.nan if row["loss"] is None else row["loss"]  # SQLite has no NaN
        evaluation = Evaluation(search=_measurement(row), **numbers)
    elif row["status"] == "failed":
        failure = Failure(row["failure"], row["message"])
    return Row(
        row["birth"],
        row["key"],
        row["architecture"],
        row["operation"],
        tuple(json.loads(row["parents"])),
        row["seed"],
        row["status"],
        evaluation,
        failure,
        report,
    )


def _file_system(folder: Path) -> str:
    """The type of the file system that holds `folder`; "" where the system does not tell."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    place = folder.resolve()
    holding = [(len(point), kind) for point, kind in mounts if place.is_relative_to(point)]
    return max(holding)[1] if holding else ""

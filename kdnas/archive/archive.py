"""`Archive`: appends to and reads from the SQLite file of a run."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

from kdnas.archive.reading import no_run, reading, unreadable
from kdnas.archive.rows import (
    EVALUATION_NAMES,
    Birth,
    Row,
    measured_values,
    measurement_of,
    row_of,
)
from kdnas.archive.schema import SCHEMA, SCHEMA_VERSION
from kdnas.errors import UserError
from kdnas.records import Evaluation, Failure, Finished, Report, TextOutcome

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "fuse.sshfs"}


class Archive:
    """Appends to and reads from the archive of one run; use it as a context manager.

    Attributes:
        before_write: Called before every write; raises where this process may not write any more.
    """

    before_write: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db, self.path = connection, path

    @classmethod
    def create(
        cls, path: Path, *, synchronous: Literal["FULL", "OFF"] = "FULL", **meta: Any
    ) -> Self:
        """A new archive at `path` with values of the run; its folder is made too.

        The file appears whole: a run that is killed meanwhile has none and can begin again.

        Raises:
            UserError: The file exists already, or cannot be written.
        """
        if path.exists():
            raise UserError(f"{path} exists already")
        draft = path.with_name(f"{path.name}.tmp")
        with suppress(OSError):
            draft.unlink()  # of a run that was killed here
        with cls._connect(draft) as archive:
            archive._db.execute("PRAGMA journal_mode=MEMORY")  # none that would outlive a kill
            with archive._writing():
                for statement in SCHEMA.split(";"):  # executescript would commit in between
                    archive._db.execute(statement)
            archive.set_meta(**meta)
        draft.replace(path)
        return cls.open(path, synchronous=synchronous)

    @classmethod
    def open(cls, path: Path, *, synchronous: Literal["FULL", "OFF"] = "FULL") -> Self:
        """An existing archive.

        Raises:
            UserError: There is none at `path`, or it is of another schema version.
        """
        if not path.is_file():
            raise no_run(path)
        archive = cls._connect(path)
        try:
            archive._require_version()
            archive._prepare(synchronous)
        except UserError:
            archive._db.close()
            raise
        return archive

    def _require_version(self) -> None:
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise unreadable(self.path, error) from error
        if version == 0:  # SQLite's own default
            raise UserError(
                f"{self.path} is empty or no archive of a run: use a copy of it, or a new --out"
            )
        if version != SCHEMA_VERSION:
            found = f"{self.path} has schema {version}; this kdnas reads {SCHEMA_VERSION}"
            raise UserError(f"{found}: use the kdnas that wrote it, or a new --out")

    @classmethod
    @contextmanager
    def read(cls, path: Path) -> Iterator[Self]:
        """An existing archive to look at; nothing is written into its folder.

        Raises:
            UserError: There is none at `path`, it is of another schema version, or damaged.
        """
        if not path.is_file():
            raise no_run(path)
        with reading(path) as connection:
            archive = cls(connection, path)
            archive._require_version()
            yield archive

    @classmethod
    def _connect(cls, path: Path) -> Self:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"cannot open {path} ({error}): name another folder") from error
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
        self.before_write()
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
        try:
            return json.loads(found["value"]) if found else default
        except ValueError as error:
            raise unreadable(self.path, error) from error

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

    def finish(self, done: Finished, *, told: bool = False) -> None:
        """Record the result of a pending birth, and in the same transaction that it was told."""
        birth, result = done.job.birth, done.result
        values: dict[str, Any]
        if isinstance(result, Failure):
            values = {"status": "failed", "failure": result.kind, "message": result.message}
        else:
            assert isinstance(result, Evaluation)
            values = {
                "status": "ok",
                **{name: getattr(result, name) for name in EVALUATION_NAMES},
                **measured_values(result.search),
            }
        values |= {"attempts": done.attempts, "seconds": done.seconds, "worker": done.worker}
        assignments = ", ".join(f"{name} = ?" for name in values)
        with self._writing():
            changed = self._db.execute(
                f"UPDATE evaluations SET {assignments} WHERE birth = ?", (*values.values(), birth)
            )
            if not changed.rowcount:
                raise LookupError(f"birth {birth} has a result but was never asked")
            if isinstance(result, Evaluation):
                self._texts(birth, "search", result.search.spec, result.texts)
            if told:
                self._events("tell", [birth])

    def reopen(self, births: Iterable[int]) -> None:
        """Forget failures that were not told: their students are pending again."""
        told = {birth for kind, birth in self.events() if kind == "tell"}
        with self._writing():
            self._db.executemany(
                "UPDATE evaluations SET status = 'pending', failure = NULL, message = NULL,"
                " attempts = NULL, seconds = NULL, worker = NULL WHERE birth = ?",
                [(birth,) for birth in births if birth not in told],
            )

    def tell(self, births: Iterable[int]) -> None:
        """Record that the results of `births` were told to the algorithm, in this order."""
        with self._writing():
            self._events("tell", births)

    def report(self, birth: int, report: Report) -> None:
        """Record a student's values on report-val."""
        values = measured_values(report.measurement)
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
        try:
            reported = self._db.execute("SELECT * FROM reports")
            found = self._db.execute("SELECT * FROM evaluations ORDER BY birth")
            reports = {row["birth"]: measurement_of(row) for row in reported}
            return [row_of(row, reports.get(row["birth"])) for row in found]
        except (TypeError, ValueError) as error:
            raise unreadable(self.path, error) from error

    def texts(self, birth: int, split: Literal["search", "report"]) -> list[TextOutcome]:
        """The attacked texts of a student on one split."""
        found = self._db.execute(
            "SELECT text_index, label, predicted, outcome, words, words_changed, queries, perturbed"
            " FROM texts WHERE birth = ? AND split = ? ORDER BY text_index",
            (birth, split),
        )
        return [TextOutcome(*row) for row in found]


def _file_system(folder: Path) -> str:
    """The type of the file system that holds `folder`; "" where the system does not tell."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    place = folder.resolve()
    holding = [(len(point), kind) for point, kind in mounts if place.is_relative_to(point)]
    return max(holding)[1] if holding else ""

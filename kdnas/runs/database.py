"""`Database`: the SQLite file of a run, made whole, opened, read and written durably."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, Self

from kdnas.errors import UserError
from kdnas.runs.reading import no_run, reading, unreadable
from kdnas.runs.schema import SCHEMA, SCHEMA_VERSION

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "fuse.sshfs"}

WRITERS = {1: "0.1.0", 2: "0.1.0"}
"""The version of kdnas that reads the archives of each earlier schema."""

UNREADABLE = (
    sqlite3.DatabaseError,
    TypeError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
)
"""What the content of a damaged file can raise."""


class Database:
    """The file of a run and the values of the run in it; use it as a context manager.

    Every transaction is durable when its call returns.

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
        """Make a new file at `path` with values of the run; its folder is made too.

        The file appears whole: a run that is killed meanwhile has none and can begin again.

        Raises:
            UserError: The file exists already, or cannot be written.
        """
        if path.exists():
            raise UserError(f"{path} exists already")
        draft = path.with_name(f"{path.name}.tmp")
        with suppress(OSError):
            draft.unlink()  # of a run that was killed here
        try:
            with cls._connect(draft) as made:
                made._db.execute("PRAGMA journal_mode=MEMORY")  # none that would outlive a kill
                with made._writing():
                    for statement in SCHEMA.split(";"):  # executescript would commit in between
                        made._db.execute(statement)
                made.set_meta(**meta)
            draft.replace(path)
        finally:
            with suppress(OSError):
                draft.unlink()
        return cls.open(path, synchronous=synchronous)

    @classmethod
    def open(cls, path: Path, *, synchronous: Literal["FULL", "OFF"] = "FULL") -> Self:
        """Open an existing file to go on with it.

        Raises:
            UserError: There is none at `path`, or it is of another schema version.
        """
        if not path.is_file():
            raise cls._missing(path)
        found = cls._connect(path)
        try:
            found._require_version()
            found._prepare(synchronous)
        except UserError:
            found._db.close()
            raise
        return found

    @classmethod
    @contextmanager
    def read(cls, path: Path) -> Iterator[Self]:
        """Open an existing file to look at; nothing is written into its folder.

        Raises:
            UserError: There is none at `path`, it is of another schema version, or damaged.
        """
        if not path.is_file():
            raise cls._missing(path)
        with reading(path) as connection:
            found = cls(connection, path)
            found._require_version()
            yield found

    @classmethod
    def _missing(cls, path: Path) -> UserError:
        """The error where there is no file."""
        return no_run(path)

    def _require_version(self) -> None:
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise unreadable(self.path, error) from error
        message = wrong_version(version)
        if message:
            raise UserError(f"{self.path} {message}")

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
        """Make commits durable; the write-ahead log does not work over a network."""
        if _file_system(self.path.parent) not in _NETWORK_FILE_SYSTEMS:
            self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={synchronous}")
        self._db.execute("PRAGMA foreign_keys=ON")

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

    @contextmanager
    def _understanding(self) -> Iterator[None]:
        """Tell in one line where what is read cannot be understood."""
        try:
            yield
        except UserError:
            raise
        except UNREADABLE as error:
            raise unreadable(self.path, error) from error

    def query(self, select: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """Return the rows of a SELECT; for checks, which look at the tables as they are."""
        return self._db.execute(select, values)

    def set_meta(self, **values: Any) -> None:
        """Store values of the run under their names, as JSON."""
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def meta(self, name: str, default: Any = None) -> Any:
        """Return a value of the run, or `default` where there is none."""
        with self._understanding():
            found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
            return json.loads(found["value"]) if found else default

    def share(self, name: str, default: float | None = None) -> float:
        """Return a value of the run that is a share.

        Raises:
            UserError: It is not in [0, 1].
        """
        value = self.meta(name, default)
        if type(value) not in (int, float) or not 0 <= value <= 1:
            raise unreadable(self.path, f"meta {name} is {value!r}, not a share")
        return float(value)


def wrong_version(version: int) -> str:
    """Why a file of that schema version cannot be used; "" for the version of this kdnas."""
    if version == SCHEMA_VERSION:
        return ""
    if version == 0:  # SQLite's own default
        return "is empty or no archive of a run: use a copy of it, or a new --out"
    writer = f"kdnas {WRITERS[version]}" if version in WRITERS else "a later kdnas"
    return (
        f"has schema {version}; this kdnas reads {SCHEMA_VERSION}: read it with {writer}, or use a"
        " new --out"
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

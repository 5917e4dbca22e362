"""Reading the archive of a run without writing into its folder."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from kdnas.errors import UserError

_TRIES = 5
_PAUSE = 0.2
"""Seconds before a copy that a write came between is made again."""


@contextmanager
def reading(archive: Path) -> Iterator[sqlite3.Connection]:
    """The archive as its file and the log of a running or killed run have it.

    SQLite cannot read a write-ahead log without files beside it: even with `mode=ro` it leaves a
    `-wal` and a `-shm` file, and where the folder is read-only it fails. So an archive at rest is
    opened as immutable, and one with a log is copied with it, away from the folder.

    Raises:
        UserError: A run wrote into the archive all the time.
    """
    with TemporaryDirectory(prefix="kdnas-") as folder:
        before = _states(archive)
        if len(before) == 1:
            uri = f"{archive.resolve().as_uri()}?immutable=1"
        else:
            uri = _copied(archive, Path(folder)).as_uri()
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                yield connection
            finally:  # what was found, errors too, may be two states of the archive in one
                if len(before) == 1 and _states(archive)[archive] != before[archive]:
                    raise _busy(archive)


def no_run(archive: Path) -> UserError:
    """The error where there is no archive; it names the runs below, as a reproduction has them."""
    folder = archive.parent
    if not folder.exists():
        return UserError(f"no run at {folder}: there is no such folder")
    below = sorted(str(found.parent) for found in folder.glob(f"*/{archive.name}"))
    advice = f"; there are runs at {', '.join(below)}" if below else ""
    return UserError(f"no run at {folder}: {archive.name} is missing{advice}")


def unreadable(archive: Path, error: object) -> UserError:
    """The error of an archive whose content cannot be understood."""
    return UserError(
        f"{archive} cannot be read as an archive ({error}): `kdnas verify {archive.parent}` says"
        " more; use a copy of it, or a new --out"
    )


def _states(archive: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of the last write of the archive and of its logs, where there are any."""
    paths = [archive, *(archive.with_name(archive.name + end) for end in ("-wal", "-journal"))]
    found = {path: path.stat() for path in paths if path.exists()}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def _copied(archive: Path, folder: Path) -> Path:
    """A copy of the archive and its log between two writes."""
    for attempt in range(_TRIES):
        time.sleep(_PAUSE if attempt else 0)
        before = _states(archive)
        try:
            copies = [shutil.copyfile(path, folder / path.name) for path in before]
        except FileNotFoundError:  # the run has ended meanwhile
            continue
        except OSError as error:
            raise UserError(
                f"cannot copy {archive} to {folder} ({error}): mend its permissions, or set TMPDIR"
                " to a folder with space for it"
            ) from error
        if _states(archive) == before:
            return copies[0]
    raise _busy(archive)


def _busy(archive: Path) -> UserError:
    return UserError(f"{archive} was written to while it was read: try again, or after the run")

"""A folder in the hands of one process: empty or a run's own, locked, and left as it was found."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kdnas.errors import UserError
from kdnas.runs import holder, status
from kdnas.runs.lock import RunLock
from kdnas.runs.schema import FILE_NAME, MODELS_FILE, SETTINGS_FILE, TOKENIZER
from kdnas.runs.store import Store

_STORES = (FILE_NAME, MODELS_FILE)
_BEGINNINGS = {status.FILE_NAME, *(name + end for name in _STORES for end in ("", "-wal", "-shm"))}
_REMAINS = _BEGINNINGS | {holder.FILE_NAME, TOKENIZER}
"""What a run may leave that began no student."""


@contextmanager
def held(folder: Path, *, take_over: bool = False) -> Iterator[RunLock]:
    """Hold a folder; a new one goes again if an error comes before anything is recorded in it.

    Args:
        folder: Of a search or of a reproduction.
        take_over: As for `RunLock`.

    Raises:
        UserError: It holds something else, or as `RunLock` does.
    """
    require_own(folder)
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        with RunLock(folder, take_over=take_over) as lock:
            try:
                yield lock
            except Exception:
                if new:
                    _clear(folder)
                raise
    except Exception:
        for path in new:
            with suppress(OSError):  # it holds something
                path.rmdir()
        raise


def require_own(folder: Path) -> None:
    """Refuse to begin among the files of others; hidden ones are no matter.

    What a start has left that was killed is no file of others, drafts among it: their names go on
    after those of the files.

    Raises:
        UserError: It names one of them.
    """
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if {*_STORES, SETTINGS_FILE} & {*names}:
        return
    own = tuple(f"{name}." for name in (*_REMAINS, SETTINGS_FILE))
    others = [n for n in names if n not in _REMAINS and not n.startswith((".", *own))]
    if others:
        raise UserError(
            f"{folder} holds no run but other files, such as {others[0]}: choose a new or an empty"
            " folder with --out"
        )


def _clear(folder: Path) -> None:
    """Delete what a run has that began no student; nothing where there is anything else."""
    stores = [folder / name for name in _STORES if (folder / name).exists()]
    others = {path.name for path in folder.iterdir()} - _REMAINS
    if others or any(_has_trials(store) for store in stores):
        return
    for name in _BEGINNINGS:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / TOKENIZER, ignore_errors=True)


def _has_trials(path: Path) -> bool:
    with Store.read(path) as store:
        return store.query("SELECT 1 FROM trials").fetchone() is not None

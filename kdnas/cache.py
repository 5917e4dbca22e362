"""Results that are computed once: arrays on disk under a hash of everything they depend on.

A file is written under a temporary name and moved, and holds a checksum of its arrays, so that a
half-written or damaged one is found out and computed again.
"""

import fcntl
import json
import os
import shutil
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import numpy as np

from kdnas.errors import UserError
from kdnas.writing import share

Arrays = dict[str, np.ndarray]

WAY_OUT = "free some space, mend its permissions, or set KDNAS_CACHE to another folder"
"""Where something cannot be written."""


def cache_folder() -> Path:
    """The folder that caches live in: `$KDNAS_CACHE`, else `kdnas` in the user's cache folder."""
    root = os.environ.get("KDNAS_CACHE")
    if root:
        return Path(root)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kdnas"


def make_folder(folder: Path) -> None:
    """Make a folder of the cache where it is missing.

    Raises:
        OSError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise OSError("a file stands where its folder should be") from error


def unusable(folder: Path) -> str:
    """Why a cache can neither be read nor be made; "" where it can. One without room may be read.

    Whether it can be made is tried beside its place, since what the system says of permissions is
    not all that decides.
    """
    there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    try:
        if not there.is_dir():
            return "a file stands where its folder should be"
        if there == folder:
            os.scandir(there).close()
            os.stat(f"{there}/.")  # needs the right to enter it
        else:
            os.rmdir(mkdtemp(dir=there))
    except OSError as error:
        return f"cannot be {'read' if there == folder else 'made'} ({error.strerror or error})"
    return ""


def remove_drafts(folder: Path) -> None:
    """Delete the drafts of processes that were killed; nobody's who may still work on one.

    On this machine the kernel's lock says who lives. Drafts of another machine, whose locks may not
    be seen here, go when nothing was begun in them for a week.
    """
    for draft in folder.glob(f"{_DRAFT}*"):
        own = draft.name.startswith(_own_draft())
        with suppress(OSError):  # another process deletes it too, or there are no locks here
            if time.time() - draft.stat().st_mtime > (_MINUTE if own else _WEEK):
                with _locked(draft):
                    shutil.rmtree(draft, ignore_errors=True)


_DRAFT, _LOCK = ".draft-", ".lock-"
_MINUTE, _WEEK = 60.0, 7 * 86_400.0


def _own_draft() -> str:
    """How the names of the drafts of this machine begin."""
    return f"{_DRAFT}{socket.gethostname()}-"


@contextmanager
def _drafted(folder: Path) -> Iterator[Path]:
    """Yield a folder for what is not whole yet; no other process has one of its name."""
    with TemporaryDirectory(prefix=_own_draft(), dir=folder) as name, ExitStack() as stack:
        with suppress(OSError):  # a file system without locks
            stack.enter_context(_locked(Path(name)))
        yield Path(name)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the kernel's lock on a folder; it is freed by any death.

    Raises:
        OSError: Another process holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def fingerprint(**parts: object) -> str:
    """16 hexadecimal digits over the parts, which must have a JSON form.

    >>> fingerprint(a=1, b="x") == fingerprint(b="x", a=1)
    True
    """
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def cached_arrays(name: str, compute: Callable[[], Arrays], folder: Path | None = None) -> Arrays:
    """The arrays stored under `name`, computed and stored if they are missing or damaged.

    Args:
        name: File name without extension; it must contain a `fingerprint` of the inputs.
        compute: Makes the arrays.
        folder: The cache; `cache_folder()` by default.
    """
    path = (folder or cache_folder()) / f"{name}.safetensors"
    if path.exists():
        arrays = _read(path)
        if arrays is not None:
            return arrays
        warnings.warn(f"damaged cache file {path}: computed again", stacklevel=2)
    from safetensors import SafetensorError

    arrays = compute()
    try:
        _write(path, arrays)
    except (OSError, SafetensorError) as error:
        warnings.warn(
            f"cannot write {path} ({error}): it will be computed again; {WAY_OUT}", stacklevel=2
        )
    return arrays


@contextmanager
def made_by_one(name: str, folder: Path | None = None) -> Iterator[None]:
    """Wait until no other process is inside this context with the same name.

    For what takes long to compute and is found in the cache by whoever has waited. The kernel's
    lock ends with its process, whatever ends that; where there are no locks nobody waits.

    Args:
        name: What is computed.
        folder: The cache; `cache_folder()` by default.
    """
    with ExitStack() as stack:
        with suppress(OSError):
            make_folder(folder or cache_folder())
            file = (folder or cache_folder()) / f"{_LOCK}{name}"
            fcntl.flock(stack.enter_context(file.open("a")), fcntl.LOCK_EX)
        yield


def cached_folder(name: str, make: Callable[[Path], None], folder: Path | None = None) -> Path:
    """The folder stored under `name`; `make` fills it if it is missing or damaged.

    Raises:
        UserError: It cannot be written.
    """
    from safetensors import SafetensorError

    path = (folder or cache_folder()) / name
    if _intact(path):
        return path
    if path.exists():
        warnings.warn(f"damaged cache folder {path}: computed again", stacklevel=2)
        shutil.rmtree(path, ignore_errors=True)
    try:
        make_folder(path.parent)
        with _drafted(path.parent) as draft:
            inside = draft / "draft"
            inside.mkdir()
            make(inside)
            sums = {file.name: _sum(file) for file in sorted(inside.iterdir())}
            (inside / _SUMS).write_text(json.dumps(sums))
            inside.rename(path)
    except (OSError, SafetensorError) as error:
        if not _intact(path):  # else another process was faster, with the same content
            raise UserError(f"cannot write {path}: {error}; {WAY_OUT}") from error
    return path


_SUMS = "sha256.json"


def _intact(path: Path) -> bool:
    try:
        sums = json.loads((path / _SUMS).read_text())
        found = {name: _sum(path / name) for name in sums}
    except (OSError, ValueError, TypeError):
        return False
    return bool(found) and found == sums


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _checksum(arrays: Mapping[str, np.ndarray]) -> str:
    digest = sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


def _read(path: Path) -> Arrays | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            expected = (file.metadata() or {}).get("sha256")
    except (SafetensorError, OSError, ValueError):
        return None
    return arrays if _checksum(arrays) == expected else None


def _write(path: Path, arrays: Arrays) -> None:
    from safetensors.numpy import save_file

    make_folder(path.parent)
    contiguous = {name: np.array(a, order="C") for name, a in arrays.items()}
    with _drafted(path.parent) as folder:
        draft = folder / path.name
        save_file(contiguous, draft, metadata={"sha256": _checksum(contiguous)})
        share(draft)
        draft.replace(path)

"""One writer per run folder: a lock that says who holds it, and outlives no dead process.

On one host a lock whose process is gone is taken over. What runs on another host cannot be seen
from here; its lock is trusted while its heartbeat is fresh, by the clock of the file system.
"""

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Self

import psutil
from filelock import FileLock

from kdnas.errors import UserError

FILE_NAME = "lock.json"
HEARTBEAT = 10.0
"""Seconds between two signs of life."""

STALE = 6 * HEARTBEAT
"""Without a sign of life for so long, a process on another host may be taken for dead."""


@dataclass(frozen=True)
class Holder:
    """A process that writes into a run folder; `started` tells it from later ones of its id."""

    host: str
    pid: int
    started: float

    @classmethod
    def me(cls) -> Self:
        """This process."""
        process = psutil.Process()
        return cls(socket.gethostname(), process.pid, process.create_time())

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def runs(self) -> bool | None:
        """Whether the process is there; None if it is on another host."""
        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            there = process.create_time() == self.started
            return there and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False


class RunLock:
    """Holds a folder for this process; a context manager.

    Args:
        folder: The run folder; made if it is missing.
        take_over: Whether to take it from a process on another host that shows no sign of life.

    Raises:
        UserError: Another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path, *, take_over: bool = False) -> None:
        self._path, self._me = folder / FILE_NAME, Holder.me()
        self._released = Event()
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file: choose another --out")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with FileLock(folder / f"{FILE_NAME}.guard", timeout=30):
                self._require_free(take_over)
                self._write()
        except OSError as error:
            raise UserError(f"cannot lock {folder}: {error}; choose another --out") from error

    @property
    def mine(self) -> bool:
        """Whether nobody has taken it over."""
        return holder_of(self._path.parent) == self._me

    def require_mine(self) -> None:
        """Refuse to go on beside another writer.

        Raises:
            UserError: The folder was taken over.
        """
        if not self.mine:
            holder = holder_of(self._path.parent)
            raise UserError(f"{self._path.parent} was taken over by {holder}: this run ends")

    def __enter__(self) -> Self:
        Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        if self.mine:
            self._path.unlink(missing_ok=True)

    def _require_free(self, take_over: bool) -> None:
        holder = holder_of(self._path.parent)
        if holder is None or holder.runs is False:
            return
        folder = self._path.parent
        if holder.runs:
            raise UserError(f"{folder} is in use by {holder}: wait for it, or end it")
        silent = _seconds_silent(self._path)
        if silent < STALE:
            raise UserError(
                f"{folder} is in use by {holder}, which gave a sign of life {silent:.0f} s ago:"
                " wait for it, or end it there"
            )
        if not take_over:
            raise UserError(
                f"{folder} is locked by {holder}, silent for {silent:.0f} s: if you know that it"
                " is gone, add --take-over"
            )

    def _write(self) -> None:
        beside = self._path.with_suffix(f".{self._me.pid}")
        beside.write_text(json.dumps(asdict(self._me)))
        os.replace(beside, self._path)

    def _beat(self) -> None:
        while not self._released.wait(HEARTBEAT) and self.mine:
            os.utime(self._path)


def holder_of(folder: Path) -> Holder | None:
    """Who holds a run folder; None for nobody."""
    try:
        return Holder(**json.loads((folder / FILE_NAME).read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"{folder / FILE_NAME} is damaged: if no other process uses the folder, delete it"
        ) from error


def _seconds_silent(path: Path) -> float:
    """Since the last heartbeat, both times by the clock of the file system."""
    probe = path.with_suffix(f".probe-{os.getpid()}")
    probe.touch()
    now = probe.stat().st_mtime
    probe.unlink()
    return now - path.stat().st_mtime

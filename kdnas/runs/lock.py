"""One writer per run folder: `RunLock` outlives no dead process, and keeps its holder's name."""

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Event, Thread
from typing import Self

from kdnas.errors import UserError
from kdnas.runs.holder import FILE_NAME, HEARTBEAT, WATCH, Holder, holder_of, judged, kernel_lock


class RunLock:
    """Holds a folder for this process; a context manager.

    Args:
        folder: The run folder; made if it is missing.
        take_over: Whether to take it from a process on another machine that is silent.

    Raises:
        UserError: Another process holds it, or the folder cannot be written.
    """

    def __init__(self, folder: Path, *, take_over: bool = False) -> None:
        self._folder, self._me = folder, Holder.me()
        self._path, self._released = folder / FILE_NAME, Event()
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is a file: choose another --out")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(folder, os.O_RDONLY)
            _descriptors.add(self._descriptor)
            try:
                self._require_free(take_over)
                self._write()
            except BaseException:
                self._let_go()
                raise
        except OSError as error:
            reason = f"cannot lock {folder} ({error.strerror or error})"
            advice = "free some space, mend its permissions, or choose another --out"
            raise UserError(f"{reason}: {advice}") from error

    @property
    def mine(self) -> bool:
        """Whether nobody has taken it over."""
        return holder_of(self._folder) == self._me

    def require_mine(self) -> None:
        """Refuse to go on beside another writer.

        Raises:
            UserError: The folder was taken over.
        """
        holder = holder_of(self._folder)
        if holder is None:
            raise UserError(f"the lock of {self._folder} was deleted: this run ends")
        if holder != self._me:
            raise UserError(f"{self._folder} was taken over by {holder}: this run ends")

    def __enter__(self) -> Self:
        Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        if self._descriptor not in _descriptors:
            return  # a forked child, and the lock is its parent's
        try:
            if self.mine:
                self._path.unlink(missing_ok=True)
        finally:
            self._let_go()

    def _require_free(self, take_over: bool) -> None:
        last = holder_of(self._folder)
        state = judged(self._folder, last, kernel_lock(self._descriptor, fcntl.LOCK_EX))
        if state == "held":
            raise self._in_use()
        if state == "silent" and not take_over:
            raise UserError(
                f"{self._folder} is locked by {holder_of(self._folder)}, which gave no sign of life"
                f" for {WATCH:.0f} s: if you know that it is gone, add --take-over"
            )
        if state != "free":
            self._bury(last)

    def _bury(self, dead: Holder | None) -> None:
        """Remove the lock of the dead and no other: another machine may have been faster.

        What is moved aside is looked at again, since nobody else can change it there.
        """
        grave = self._path.with_name(f"{FILE_NAME}.{self._me.host}.{self._me.pid}")
        with suppress(FileNotFoundError):
            self._path.rename(grave)
            living = grave.read_text()
            grave.unlink()
            if dead is None or json.loads(living) != asdict(dead):
                with self._path.open("x") as file:
                    file.write(living)
                raise self._in_use()

    def _in_use(self) -> UserError:
        holder = holder_of(self._folder) or "another process"
        return UserError(f"{self._folder} is in use by {holder}: wait for it, or end it")

    def _write(self) -> None:
        try:
            with self._path.open("x") as file:
                json.dump(asdict(self._me), file)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:  # another machine was faster
            raise self._in_use() from error
        except OSError:
            self._path.unlink(missing_ok=True)
            raise

    def _beat(self) -> None:
        """Move the time of the file on, by a clock that nobody sets."""
        ahead = time.time() - time.monotonic()
        while not self._released.wait(HEARTBEAT):
            now = ahead + time.monotonic()
            with suppress(OSError, UserError):  # a file server may be away for a moment
                if self.mine:
                    os.utime(self._path, (now, now))

    def _let_go(self) -> None:
        _descriptors.discard(self._descriptor)
        os.close(self._descriptor)


_descriptors: set[int] = set()


def _leave_to_parent() -> None:
    """Close in a forked child what would keep the kernel's lock after its parent's death."""
    while _descriptors:
        os.close(_descriptors.pop())


os.register_at_fork(after_in_child=_leave_to_parent)

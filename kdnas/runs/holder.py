"""Who holds a run folder, and whether it lives.

On one machine the kernel decides: the folder itself is locked (`flock`) for as long as the process
lives, whatever its clock, its container or its number. Other machines that share the folder do not
see that lock. For them there is `lock.json`: who holds the folder, and as a sign of life the time
of the file, which moves on. Clocks may disagree: it is watched, never compared with another time.
"""

import fcntl
import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from kdnas.errors import UserError

FILE_NAME = "lock.json"
HEARTBEAT = 5.0
"""Seconds between two signs of life."""

WATCH = 6 * HEARTBEAT
"""Who gives no sign of life for so long, on another machine, may be taken for dead."""

State = Literal["free", "held", "gone", "silent"]
"""`gone`: the holder is dead. `silent`: on another machine, and nothing was heard of it."""


@dataclass(frozen=True)
class Holder:
    """A process that writes into a run folder, since a time by its own clock."""

    host: str
    pid: int
    machine: str
    since: str

    @classmethod
    def me(cls) -> Self:
        """This process."""
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        return cls(socket.gethostname(), os.getpid(), _machine(), now)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


def holder_of(folder: Path) -> Holder | None:
    """Who holds a run folder, or held it when it died; None for nobody."""
    path = folder / FILE_NAME
    try:
        for _ in range(20):
            text = path.read_text()
            if text:
                break
            time.sleep(0.05)  # it is just being written
        return Holder(**json.loads(text))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(
            f"{path} is damaged: if no other process uses the folder, delete it"
        ) from error


def state_of(folder: Path) -> State:
    """Whether a process holds a run folder; `WATCH` seconds may pass if it is elsewhere."""
    holder = holder_of(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        alone = kernel_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)  # before anything is watched: it would keep a writer out
    return judged(folder, holder, alone)


def judged(folder: Path, holder: Holder | None, alone: bool | None) -> State:
    """The state of a folder.

    Args:
        folder: The run folder.
        holder: Who held it before the kernel was asked: who came later may well be alive.
        alone: Whether the kernel knows no other holder; None: it cannot say.
    """
    if alone is False:
        return "held"
    if holder is None:
        return "free"
    if alone and holder.machine == _machine():
        return "gone"
    state = _watched(folder / FILE_NAME)
    here = holder.host == socket.gethostname()  # this machine, started anew since
    return "gone" if here and state == "silent" else state


def _watched(path: Path) -> State:
    """Whether the time of a lock moves on."""
    first, end = _sign(path), time.monotonic() + WATCH
    while time.monotonic() < end:
        time.sleep(HEARTBEAT / 10)
        sign = _sign(path)
        if sign != first:
            return "free" if sign is None else "held"
    return "silent"


def _sign(path: Path) -> tuple[int, bytes] | None:
    """The time and content of a lock; a file server is asked anew for what is opened."""
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_mtime_ns, file.read()
    except FileNotFoundError:
        return None


def kernel_lock(descriptor: int, how: int) -> bool | None:
    """Whether the kernel gives us its lock on a folder; None where the file system has none."""
    for _ in range(10 if how == fcntl.LOCK_EX else 1):  # a reader has it for a moment
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.05)
        except OSError:
            return None
    return False


def _machine() -> str:
    """What tells this machine from others until it is started anew; one for all its containers."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()

"""Files that appear whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from kdnas.errors import UserError


class CannotWrite(UserError):
    """A disk is full, or a folder or file is not for us to write."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name and move it, so that a full disk costs no older one.

    Raises:
        CannotWrite: As it says.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        reason = f"cannot write {path} ({error.strerror or error})"
        advice = "free some space, or name with --out where you can write to"
        raise CannotWrite(f"{reason}: {advice}") from error


def share(path: Path) -> None:
    """Give a file the mode of any new one here: safetensors makes its files for their owner alone.

    Raises:
        OSError: The folder cannot be written.
    """
    other = path.with_name(f"{path.name}.mode")
    other.touch()
    path.chmod(other.stat().st_mode)
    other.unlink()

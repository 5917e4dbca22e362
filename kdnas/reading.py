"""Small text files that a user names: read whole, or refused before they fill the memory."""

import os
import stat
from pathlib import Path

from kdnas.errors import UserError

_MOST_BYTES = 1_000_000


def read_small(path: Path) -> str:
    """Read a text file, or a pipe that somebody writes into, such as `<(...)` of a shell.

    Raises:
        UserError: It cannot be read, is larger than a megabyte, or is not UTF-8.
    """
    try:
        # A pipe without a writer would be waited for without end.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            os.set_blocking(file.fileno(), True)
            content = file.read(_MOST_BYTES + 1)
            is_pipe = stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot read {path} ({reason}): name a file that you may read") from error
    if len(content) > _MOST_BYTES:
        raise UserError(f"cannot read {path}: it has more than 1 MB; name a small text file")
    if is_pipe and not content:
        raise UserError(f"cannot read {path}: nobody writes into this pipe; name a file")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"cannot read {path}: it is not UTF-8; save it as UTF-8") from error

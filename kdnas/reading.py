"""Text files that a user names: read as UTF-8, or refused with the cure.

Small ones are read whole, or refused before they fill the memory.
"""

import codecs
import os
import stat
from pathlib import Path
from shlex import quote

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
    return decoded(content, path, str(path))


def decoded(content: bytes, path: Path, name: str) -> str:
    """The content of a text file in UTF-8, without the byte order mark that some programs write.

    Args:
        content: Its bytes.
        path: Where it is.
        name: What it is called in messages.

    Raises:
        UserError: It is in another encoding; the message names the line and the cure.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError(f"{name} is in UTF-16: {_to_utf8('utf-16', path)}")
    if b"\0" in content:
        raise UserError(f"{name} is no text file: it holds zero bytes; name another")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        cure = _to_utf8("cp1252", path)
        raise UserError(f"{name} line {line} is not UTF-8; often it is cp1252: {cure}") from error


def _to_utf8(encoding: str, path: Path) -> str:
    new = path.with_stem(f"{path.stem}-utf8")
    return (
        "save it as UTF-8, as with"
        f" iconv -f {encoding} -t utf-8 {quote(str(path))} > {quote(str(new))}"
    )

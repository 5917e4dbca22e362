"""Where output goes: results to standard output, everything else to standard error."""

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from kdnas.errors import UserError


def results() -> Console:
    """The console of results."""
    return Console(highlight=False, soft_wrap=False)


def messages() -> Console:
    """The console of progress and remarks."""
    return Console(stderr=True, highlight=False)


def print_json(records: Sequence[dict[str, Any]]) -> None:
    """One JSON list on standard output."""
    print(json.dumps(list(records), indent=1, allow_nan=False))


def write_json(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """A new file with one JSON list; it appears whole or not at all.

    Raises:
        UserError: It cannot be written.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps(list(records), indent=1) + "\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        reason = error.strerror or error
        raise UserError(
            f"cannot write {path} ({reason}): free some space, or name another --out"
        ) from error


def counted(number: int, thing: str) -> str:
    """A number of things.

    >>> counted(1, "core"), counted(2, "core")
    ('1 core', '2 cores')
    """
    return f"{number} {thing}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes.

    >>> duration(75), duration(3700)
    ('1:15', '1 h 01 min')
    """
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d}"

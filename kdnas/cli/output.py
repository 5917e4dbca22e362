"""Where output goes: results to standard output, everything else to standard error."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from kdnas.writing import write_whole


def results() -> Console:
    """The console of results."""
    return Console(highlight=False, soft_wrap=False)


def messages() -> Console:
    """The console of progress and remarks."""
    return Console(stderr=True, highlight=False)


def print_json(records: Sequence[dict[str, Any]]) -> None:
    """One JSON list on standard output."""
    print(json.dumps(list(records), indent=1, allow_nan=False))


def put_out(
    records: Sequence[dict[str, Any]], out: Path | None, as_json: bool, show: Callable[[], None]
) -> None:
    """Into a file where one is named, and as JSON or, by `show`, for people.

    Raises:
        UserError: The file cannot be written; hours of work are shown even then.
    """
    try:
        if out is not None:
            write_whole(out, f"{json.dumps(list(records), indent=1)}\n".encode())
    finally:
        if as_json:
            print_json(records)
        else:
            show()


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

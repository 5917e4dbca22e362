"""Where output goes: results to standard output, everything else to standard error."""

import json
import math
from collections.abc import Sequence
from typing import Any

from rich.console import Console


def results() -> Console:
    """The console of results."""
    return Console(highlight=False, soft_wrap=False)


def messages() -> Console:
    """The console of progress and remarks."""
    return Console(stderr=True, highlight=False)


def print_json(records: Sequence[dict[str, Any]]) -> None:
    """One JSON list on standard output."""
    print(json.dumps(list(records), indent=1, allow_nan=False))


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes.

    >>> duration(75), duration(3700)
    ('1:15', '1 h 01 min')
    """
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d}"

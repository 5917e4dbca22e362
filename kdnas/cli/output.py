"""Output goes to two places: results to standard output, everything else to standard error."""

import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from kdnas.writing import write_whole

_UNSEEN = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What moves a cursor, colours a terminal, turns the order of letters or cannot be written."""

_WIDE = 10_000
"""Columns that a table may have, so that it takes those it needs and a row is one line."""


def visible(text: str) -> str:
    r"""A text with its control characters written out, as files and archives may hold them.

    >>> visible("a\x1b[31m")
    'a\\x1b[31m'
    """
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class PlainConsole(Console):
    """A console that shows every string as it is: no markup, no control character obeyed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, soft_wrap=True, **settings)
        if self.width < 1:  # COLUMNS=0, on which rich prints nothing
            self.width = 80

    def render_str(self, text: str, **settings: Any) -> Text:
        """Make a text of a string, in characters that the output has."""
        shown = visible(text)
        if not self.encoding.startswith("utf"):
            shown = (
                shown.replace("±", "+-")
                .encode(self.encoding, "backslashreplace")
                .decode(self.encoding)
            )
        return super().render_str(shown, **settings)


def results() -> PlainConsole:
    """The console of results."""
    return PlainConsole()


def messages() -> PlainConsole:
    """The console of progress and remarks."""
    return PlainConsole(stderr=True)


def say_stage(name: str) -> None:
    """A line for a stage that starts."""
    messages().print(f"stage {name}")


def print_table(table: RenderableType, console: Console | None = None) -> None:
    """Print what has columns, with every key and number whole: a narrow terminal breaks lines."""
    console = console or results()
    console.width = _WIDE
    console.print(table, soft_wrap=False, crop=False)


def print_json(records: Sequence[dict[str, Any]]) -> None:
    """One JSON list on standard output."""
    written = json.dumps(list(records), indent=1, allow_nan=False)
    print(written.replace("\x7f", "\\u007f"))  # the one control character that JSON leaves


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

    >>> counted(1, "core"), counted(2, "core"), counted(2, "search")
    ('1 core', '2 cores', '2 searches')
    """
    ending = "es" if thing.endswith("ch") else "s"
    return f"{number} {thing}{'' if number == 1 else ending}"


def duration(seconds: float) -> str:
    """Minutes and seconds, or hours and minutes.

    >>> duration(75), duration(3700)
    ('1:15', '1 h 01 min')
    """
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes}:{rest:02d}"

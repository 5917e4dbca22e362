"""A thing that a run needs and kdnas does not bring along."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdnas.paper_files.fetching import Report

DAMAGED = "damaged"
"""How the problem of a resource begins that is neither `MISSING` nor `HALF`."""


@dataclass(frozen=True)
class Resource:
    """A file, folder, package or room on a disk, and whether it can be used.

    Attributes:
        what: What it is to the run.
        place: Where it is or was looked for.
        size: Bytes; None where nobody has told.
        licence: As its source states it.
        problem: Why it cannot be used: `missing`, `half a download`, `damaged`, and what of it; ""
            where it is whole.
        cure: What to do about it; "" where `fetch` gets it.
        source: The address that `fetch` asks.
        fetch: Gets it.
    """

    what: str
    place: Path
    size: int | None = None
    licence: str = ""
    problem: str = ""
    cure: str = ""
    source: str = ""
    fetch: Callable[[Report], None] | None = None

    def way(self, command: str) -> str:
        """What to do where it has a problem: its cure, or else the command that fetches it."""
        return self.cure or command

    def refusal(self, command: str) -> str:
        """One line: what, why not, where it was looked for, and what to do."""
        return f"{self.what}: {self.problem}, looked for in {self.place}: {self.way(command)}"


def bytes_in(place: Path) -> int:
    """The size of a file, or of all files below a folder."""
    if place.is_file():
        return place.stat().st_size
    return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())

"""`Problem`: one thing that is wrong with a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A finding.

    Attributes:
        place: The file, or the student, trial, event or value of the store.
        message: What is wrong there, in one line.
    """

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def one_line(error: object) -> str:
    """Return what an error says, without line breaks."""
    return " ".join(str(error).split())

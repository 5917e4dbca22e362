"""The one error that users meet: what was wrong, the limit, and the way out, in one line."""

from collections.abc import Sequence
from importlib.util import find_spec


class UserError(ValueError):
    """A problem that the user can mend; the command line prints it as one line and exits with 2."""


class SeveralErrors(UserError):
    """Problems that the user can mend one by one; the command line prints a line for each."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("; ".join(lines))
        self.lines = tuple(lines)


def require_extra(extra: str, package: str, what: str) -> None:
    """Refuse what needs a package of an extra that is not installed.

    Raises:
        UserError: It says how to install it.
    """
    if find_spec(package) is None:
        raise UserError(f"{what} needs {package}: pip install 'kdnas[{extra}]'")


class SpaceExhausted(RuntimeError):
    """No new architecture was found in 100 draws: the search space has no more to give."""

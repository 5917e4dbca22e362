"""Whether asks and tells can have happened in the order in which they are recorded."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from kdnas.verify.problem import Problem


class _SoFar:
    """What asks and tells have said so far."""

    def __init__(self, status: Mapping[int, str]) -> None:
        self._status = status
        self.asked, self._told, self._last = set[int](), set[int](), -1

    def wrong(self, kind: str, birth: int) -> str:
        """Why the next event cannot be; "" where it can."""
        if birth not in self._status:
            return f"{kind}s of birth {birth!r}, which is not in the archive"
        return self._wrong_ask(birth) if kind == "ask" else self._wrong_tell(birth)

    def _wrong_ask(self, birth: int) -> str:
        if birth in self.asked:
            return f"asks for birth {birth} again"
        last = self._last
        self.asked.add(birth)
        self._last = max(birth, last)
        return f"asks for birth {birth} after birth {last}" if birth < last else ""

    def _wrong_tell(self, birth: int) -> str:
        if birth in self._told:
            return f"tells of birth {birth} again"
        self._told.add(birth)
        if birth not in self.asked:
            return f"tells of birth {birth} before it is asked for"
        pending = self._status[birth] == "pending"
        return f"tells of birth {birth}, which has no result" if pending else ""


def event_problems(events: Iterable[sqlite3.Row], status: Mapping[int, str]) -> Iterator[Problem]:
    """Every student is asked for once, in birth order; told once at most, and with a result.

    Args:
        events: In order.
        status: Of every student by birth.
    """
    so_far = _SoFar(status)
    for event in events:
        message = so_far.wrong(event["kind"], event["birth"])
        if message:
            yield Problem(f"event {event['id']}", message)
    for birth in status:
        if birth not in so_far.asked:
            yield Problem(f"birth {birth}", "was never asked for")

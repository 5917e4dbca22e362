"""Whether asks and tells can have happened in the order in which they are recorded."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from kdnas.verify.problem import Problem


def event_problems(events: Iterable[sqlite3.Row], status: Mapping[int, str]) -> Iterator[Problem]:
    """Every student is asked for once, in birth order; told once at most, and with a result.

    Args:
        events: In order.
        status: Of every student by birth.
    """
    asked, told = dict[int, None](), set[int]()
    for event in events:
        kind, birth = event["kind"], event["birth"]
        if birth not in status:
            message = f"{kind}s of birth {birth}, which is not in the archive"
        elif kind == "ask":
            message = _wrong_ask(birth, asked)
            asked[birth] = None
        else:
            message = _wrong_tell(birth, asked, told, status[birth])
            told.add(birth)
        if message:
            yield Problem(f"event {event['id']}", message)
    for birth in status:
        if birth not in asked:
            yield Problem(f"birth {birth}", "was never asked for")


def _wrong_ask(birth: int, asked: Mapping[int, None]) -> str:
    if birth in asked:
        return f"asks for birth {birth} again"
    last = next(reversed(asked), -1)
    return f"asks for birth {birth} after birth {last}" if birth < last else ""


def _wrong_tell(birth: int, asked: Mapping[int, None], told: set[int], status: str) -> str:
    if birth in told:
        return f"tells of birth {birth} again"
    if birth not in asked:
        return f"tells of birth {birth} before it is asked for"
    return f"tells of birth {birth}, which has no result" if status == "pending" else ""

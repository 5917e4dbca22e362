"""What an archive says of the whole run: its configuration, versions and attack."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kdnas.config import STORED, Config
from kdnas.records import AttackSpec
from kdnas.verify.problem import Problem, one_line

_ATTACKED = "SELECT EXISTS (SELECT 1 FROM evaluations WHERE status = 'ok')"


@dataclass(frozen=True)
class Settings:
    """The settings of a run as far as they can be read.

    Attributes:
        config: None where it cannot be read.
        spec: Digest of the attack spec; None where there is none.
        floor: The accuracy floor (share); None where there is none.
        finished: Whether the run says that it got to its end.
    """

    config: Config | None
    spec: str | None
    floor: float | None
    finished: bool


def read_settings(db: sqlite3.Connection) -> tuple[Settings, list[Problem]]:
    """The settings of a run and what is wrong with them, one problem a value."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, text in db.execute("SELECT key, value FROM meta ORDER BY key"):
        try:
            values[name] = json.loads(text)
        except (ValueError, TypeError) as error:
            problems[name] = f"is not JSON ({one_line(error)})"
    (attacked,) = db.execute(_ATTACKED).fetchone()
    for name, message in _wrong(values, attacked=bool(attacked)):
        problems.setdefault(name, message)
    settings = Settings(
        config=None
        if "config" in problems
        else Config.model_validate(values["config"], context=STORED),
        spec=AttackSpec(**values["spec"]).digest if _sound("spec", values, problems) else None,
        floor=values["floor"] if _sound("floor", values, problems) else None,
        finished=values.get("finished") is True,
    )
    return settings, [Problem(f"meta {name}", message) for name, message in problems.items()]


def _sound(name: str, values: Mapping[str, Any], problems: Mapping[str, str]) -> bool:
    return name in values and name not in problems


def _wrong(values: Mapping[str, Any], *, attacked: bool) -> Iterator[tuple[str, str]]:
    """The values that are missing or not what they should be, and why.

    Args:
        values: By name.
        attacked: Whether a student was evaluated; then the attack and the floor are known.
    """
    try:
        Config.model_validate(values.get("config"), context=STORED)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        yield "config", f"is no configuration of this kdnas ({place}: {one_line(first['msg'])})"
    if not (isinstance(values.get("versions"), dict) and "kdnas" in values["versions"]):
        yield "versions", "does not say what the run was recorded with"
    if not isinstance(values.get("finished"), bool):
        yield "finished", f"is {values.get('finished')!r}, not true or false"
    if "spec" in values or attacked:
        try:
            AttackSpec(**(values.get("spec") or {"spec": None})).digest  # noqa: B018
        except TypeError as error:
            yield "spec", f"is no attack spec ({one_line(error)})"
    floor = values.get("floor")
    if ("floor" in values or attacked) and not (isinstance(floor, int | float) and 0 <= floor <= 1):
        yield "floor", f"is {floor!r}, not a share"

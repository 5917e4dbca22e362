"""Reading JSON of an architecture: what is wrong is said with its place, its value, what may be."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from kdnas.errors import UserError


def read_json(text: str) -> Any:
    """What a text in JSON says.

    Raises:
        UserError: It is none.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise UserError("not an architecture: its brackets are too deep") from error
    except json.JSONDecodeError as error:
        raise UserError(f"not an architecture: it is no JSON ({error}); give an object") from error
    except ValueError as error:
        raise UserError("not an architecture: a number has too many digits") from error


def members(
    place: str, value: object, needed: Collection[str], others: Collection[str] = ()
) -> dict[str, Any]:
    """The fields of an object.

    Args:
        place: Where it stands.
        value: What stands there.
        needed: Fields that it has to have.
        others: Those that it may have.

    Raises:
        UserError: It is no object, a field is missing, or one is not known.
    """
    known = ", ".join((*needed, *others))
    if not isinstance(value, dict):
        raise _wrong(f"{place} is {shown(value)}", f"give an object with {known}")
    for name in needed:
        if name not in value:
            raise _wrong(f"{place} has no {name}", f"it needs {', '.join(needed)}")
    for name in value:
        if name not in (*needed, *others):
            raise _wrong(f"{place} has the unknown field {name!r:.40}", f"there are {known}")
    return value


def entries(place: str, value: object, what: str) -> list[Any]:
    """The entries of a list.

    Raises:
        UserError: It is none.
    """
    if not isinstance(value, list):
        raise _wrong(f"{place} is {shown(value)}", f"give a list of {what}")
    return value


def word(place: str, value: object, known: Collection[str]) -> str:
    """A name of a part; whether there is such a part is not asked here.

    Raises:
        UserError: It is no text.
    """
    if not isinstance(value, str):
        raise _wrong(f"{place} is {shown(value)}", f"give a name, such as {', '.join(known)}")
    return value


def pair(place: str, value: object) -> tuple[int, int]:
    """An edge.

    Raises:
        UserError: It is not two whole numbers.
    """
    if isinstance(value, list) and [type(end) for end in value] == [int, int]:
        return value[0], value[1]
    raise _wrong(f"{place} is {shown(value)}", "give two whole numbers, such as [0, 1]")


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Say of an error where it stands."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{place}: {error}") from error


def shown(value: object) -> str:
    """A value of JSON, cut where it is long.

    >>> shown(None), shown([True, "a"])
    ('null', '[true, "a"]')
    """
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _wrong(what: str, allowed: str) -> UserError:
    return UserError(f"not an architecture: {what}; {allowed}")

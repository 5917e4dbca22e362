"""What every section of a configuration is made of."""

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from itertools import takewhile
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from kdnas.limits import (
    Count,
    Name,
    NotNegative,
    Positive,
    PositiveShare,
    Seed,
    Share,
    Size,
    Threads,
)
from kdnas.registry import Registry

__all__ = [
    "LOADING",
    "STORED",
    "Count",
    "Name",
    "NotNegative",
    "PartsSection",
    "Positive",
    "PositiveShare",
    "Section",
    "Seed",
    "Share",
    "Size",
    "Threads",
    "checked_settings",
    "part_of",
    "strictly",
]


def strictly(kind: Any, values: Any, context: dict[str, str] | None = None) -> Any:
    """Make a `kind` of values as TOML has them: a number in quotes is none, nor is true.

    Strict validation takes lists for tuples only in JSON.

    Raises:
        ValidationError: The values are not of the kind.
    """
    written = json.dumps(values, default=str)  # dates, which no setting is
    return _adapter(kind).validate_json(written, strict=True, context=context)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    """What validates a kind; to make one takes longer than to use it."""
    return TypeAdapter(kind)


class Section(BaseModel):
    """A closed, immutable group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


LOADING = {"parts": "load"}
"""Context of a validation that imports parts which are named as `module:name`."""

STORED = {"parts": "any"}
"""Context of a validation that takes every name of a part as it is, and imports nothing."""


def part_of(registry: Registry[Any]) -> Any:
    """The type of a setting that names a part, such as a layer type or an attack.

    Unknown names are refused. The context of the validation says what becomes of names that are
    not there yet: with `LOADING` those of the form `module:name` are imported, with `STORED`, as
    for what an archive holds, any name is taken.
    """

    def known(name: str, info: ValidationInfo) -> str:
        usable(registry, name, info)
        return name

    return Annotated[str, AfterValidator(known)]


def usable(registry: Registry[Any], name: str, info: ValidationInfo) -> bool:
    """Whether a part is there, after it was imported where the validation may do so.

    Raises:
        UserError: It is not there, and the validation is not one of what an archive holds.
    """
    way = (info.context or {}).get("parts")
    if way == "load":
        registry.load(name)
    elif way != "any":
        registry[name]
    return name in registry


class PartsSection(Section):
    """A section with a table of its own for each part of a registry, under the part's name.

    A part has an attribute `settings`: a frozen dataclass whose fields have defaults. The tables of
    kdnas' own parts are always there, those of a user's part where the section names it.

    Attributes:
        section: Its name.
        parts: The registry.
    """

    model_config = ConfigDict(extra="allow")
    section: ClassVar[str]
    parts: ClassVar[Registry[Any]]

    def table(self, name: str) -> Any:
        """Return the settings of a part."""
        return (self.__pydantic_extra__ or {})[name]

    def with_tables(self, names: Iterable[str]) -> Self:
        """Return the section with the defaults of parts that it has no table of, as of a user's.

        Args:
            names: Of parts; one that is not there, as in an archive, is left out.
        """
        given = self.__pydantic_extra__ or {}
        further = [name for name in names if name not in given and name in self.parts]
        return self.model_copy(update={name: self.parts[name].settings() for name in further})

    @model_validator(mode="after")
    def _tables_checked(self, info: ValidationInfo) -> Self:
        given = self.__pydantic_extra__ or {}
        for name in (*self.parts, *given):
            values = given.get(name, {})
            if not is_dataclass(values):
                given[name] = self._table(name, values, info)
        object.__setattr__(self, "__pydantic_extra__", given)
        return self

    def _table(self, name: str, values: Any, info: ValidationInfo) -> Any:
        """The settings of a part, or the values as they are of a part that nothing here knows."""
        place = f"{self.section}.{name}"
        if name not in self.parts and ":" not in name and not isinstance(values, dict):
            names = [*type(self).model_fields, *self.parts]
            close = get_close_matches(name, names, n=1)
            meant = f" (did you mean {close[0]}?)" if close else ""
            raise ValueError(f"unknown setting {place}{meant}; known: {', '.join(names)}")
        usable(self.parts, name, info)
        part = self.parts.get(name)
        if part is None:
            return values
        return checked_settings(part.settings, values, place)


def checked_settings(kind: type, values: Any, place: str) -> Any:
    """Make the settings of a part, a `kind`, of values as TOML has them.

    Args:
        kind: A dataclass.
        values: By the names of its fields.
        place: Where they stand, for the message.

    Raises:
        ValueError: One is unknown or out of its range.
    """
    try:
        return strictly(kind, values)
    except ValidationError as error:
        first = error.errors()[0]
        name, inside = first["loc"][:1], first["loc"][1:]  # none where fields contradict each other
        numbers = takewhile(lambda part: isinstance(part, int), inside)  # a union names kinds, too
        field = ".".join(map(str, (place, *name, *numbers)))
        known = ", ".join(f.name for f in fields(kind))
        message = " ".join(first["msg"].removeprefix("Value error, ").split())
        if first["type"] == "tuple_type" and name:
            message = f"should be a list, as {json.dumps([first['input']])}{_among(kind, *name)}"
        raise ValueError(f"{field} = {first['input']!r}: {message}; known: {known}") from error


def _among(kind: type, name: str | int) -> str:
    """Name the words that a setting may list; "" where any word will do."""
    words = _adapter(kind).json_schema()["properties"][name].get("items", {}).get("enum", ())
    return f" of {', '.join(words)}" if words else ""

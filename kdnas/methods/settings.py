"""`MethodSettings`: the base of the settings of all methods."""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class MethodSettings:
    """The settings of a method that has none; those of other methods add fields to it."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "allow_inf_nan": False}

"""The section `space`: which students there are."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo

from kdnas.config.section import strictly, usable
from kdnas.errors import UserError
from kdnas.registry import Registry
from kdnas.space import SPACES


def _space(values: Any, info: ValidationInfo) -> Any:
    """The space that `name` names, made of the other settings of the section.

    What an archive holds is left as it is where the code of its space, layers or other parts is
    not there.
    """
    if isinstance(values, str | int | float | list | None):
        raise ValueError("should be a table: write its settings below it, as space.field = value")
    if not isinstance(values, Mapping):
        return values
    name = values.get("name", "dag")
    if not _usable("name", SPACES, (name,), info):
        return values
    kind = SPACES[name]
    for setting, registry in kind.parts.items():
        names = values.get(setting, ())
        if isinstance(names, Collection) and not _usable(setting, registry, names, info):
            return values
    return strictly(kind, dict(values))


def _usable(
    setting: str, registry: Registry[Any], names: Collection[str], info: ValidationInfo
) -> bool:
    """Whether all parts that a setting names are there; where they have to be, it says so."""
    try:
        return all(usable(registry, name, info) for name in names)
    except UserError as error:
        raise ValueError(f"space.{setting}: {error}") from error


SpaceSection = Annotated[Any, BeforeValidator(_space)]
"""A `Space`, or the settings of one whose code is not there."""

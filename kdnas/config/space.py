"""The section `space`: which students there are."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter, ValidationInfo

from kdnas.config.section import usable
from kdnas.errors import UserError
from kdnas.registry import Registry
from kdnas.space import SPACES


def _space(values: Any, info: ValidationInfo) -> Any:
    """The space that `name` names, made of the other settings of the section.

    What an archive holds is left as it is where the code of its space, layers or other parts is
    not there.
    """
    if not isinstance(values, Mapping):
        return values
    name = values.get("name", "dag")
    if not _usable("name", SPACES, (name,), info):
        return values
    kind = SPACES[name]
    for setting, registry in kind.parts.items():
        if not _usable(setting, registry, values.get(setting, ()), info):
            return values
    return TypeAdapter(kind).validate_python(values)


def _usable(
    setting: str, registry: Registry[Any], names: Iterable[str], info: ValidationInfo
) -> bool:
    """Whether all parts that a setting names are there; where they have to be, it says so."""
    try:
        return all(usable(registry, name, info) for name in names)
    except UserError as error:
        raise ValueError(f"space.{setting}: {error}") from error


SpaceSection = Annotated[Any, BeforeValidator(_space)]
"""A `Space`, or the settings of one whose code is not there."""

"""Who has more layers than the teacher, by the `config.json` of the teacher's model alone."""

import json
from collections.abc import Iterable
from typing import Literal

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.methods import METHODS
from kdnas.resources.models import files_of


def require_depths(config: Config, methods: Iterable[str], students: Iterable[str]) -> None:
    """Refuse assistants, teachers of a team and students of more layers than the teacher.

    Args:
        config: The run.
        methods: Names of methods, or of rows of the section `compare`.
        students: Words of the setting `compare.students`.

    Raises:
        UserError: One has; it says how many there are.
    """
    depth = _depth(config.teacher.model)
    if depth is None:
        return  # said where it is loaded
    for name in methods:
        distill = config.taught_by(name)
        if distill.method not in METHODS:
            continue  # of an archive, and nothing here knows it
        chain = METHODS[distill.method].chain(distill.table(distill.method))
        for link in chain.links:
            _require("an assistant", 0 if link.model else link.layers, depth)
        for member in () if chain.team is None else chain.team.members:
            if not isinstance(member, str) and not member.model:
                _require("a teacher of a team", member.layers, depth)
    for word in students:
        kind, _, value = word.partition(":")
        if kind == "layers":
            _require("a student", int(value), depth)
        if kind == "every" and int(value) > depth:
            raise UserError(
                f"student {word} has none of the teacher's {depth} layers: name every:1 to"
                f" every:{depth}"
            )


def _require(who: str, layers: int | Literal["half", "all"], depth: int) -> None:
    if isinstance(layers, int) and layers > depth:
        raise UserError(
            f"{who} of {layers} layers is larger than the teacher, which has {depth}: name 1 to"
            f" {depth} layers"
        )


def _depth(name: str) -> int | None:
    """The layers of a model that is here; None where its files do not say."""
    try:
        folder = files_of(name)
        layers = json.loads((folder / "config.json").read_bytes())["num_hidden_layers"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return layers if isinstance(layers, int) else None

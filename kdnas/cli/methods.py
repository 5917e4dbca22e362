"""`kdnas methods`: the ways of teaching that there are, and the settings of one."""

import textwrap
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kdnas.methods import Method

_NAME, _WIDTH = 18, 80
"""Columns of a name and of a line."""

_WORDS = {
    "probe_logits": "probes",
    "teacher": "the teacher itself",
    "attacked": "attacked texts",
    "team_logits": "a team of teachers",
    "augmented": "augmented texts",
    "neighbours": "neighbours of the texts",
    "generator": "a generator of texts",
    "trained": "a trained model",
}
"""What signals and demands are called for people."""


def methods(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A method.")] = None,
) -> None:
    """List the methods of distillation, or the settings of one as they are written after --set.

    Each with its source, what it learns from, and its processor time beside KD's.

    Example: kdnas methods alp
    """
    from kdnas.config import as_toml
    from kdnas.methods import METHODS

    if name is None:
        for family, some in groupby(METHODS, key=lambda each: METHODS[each].family):
            typer.echo(f"{family}:")
            for each in some:
                typer.echo(_described(each, METHODS[each]))
        return
    method = METHODS.load(name)
    typer.echo(_described(name, method))
    typer.echo(f"  --set distill.method={name}")
    defaults = method.settings()
    for field in fields(method.settings):
        typer.echo(f"  --set distill.{name}.{field.name}={as_toml(getattr(defaults, field.name))}")


def _described(name: str, method: "Method") -> str:
    """What a method does; under it, its source, what it learns from and its cost."""
    uses = ", ".join(_WORDS.get(use, use) for use in method.uses)
    needs = method.demands(method.settings()) if callable(method.demands) else method.demands
    demanded = "".join(f"; needs {_WORDS.get(need, need)}" for need in needs)
    cost = "" if method.cost is None else f"; {method.cost:g} x KD"
    said = (method.about, f"{method.source}; learns from {uses}{demanded}{cost}")
    lines = [line for each in said for line in textwrap.wrap(each, _WIDTH - _NAME - 2)]
    heads = [name, *[""] * (len(lines) - 1)]
    return "\n".join(f"  {h:<{_NAME}}{line}" for h, line in zip(heads, lines, strict=True))

"""`kdnas resources`: what a configuration needs from elsewhere, and whether it is there."""

from functools import partial
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.options import ConfigOption, PresetOption, SetOption, fetch_command

if TYPE_CHECKING:
    from kdnas.config import Command
    from kdnas.resources import Resource

_INDENT = " " * 4
_WIDTH = 80
_WHOLE: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def resources(
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    reproduction: Annotated[
        bool, typer.Option("--reproduction", help="Of `kdnas reproduce` instead of a search.")
    ] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Fetch what is missing, but no packages.")
    ] = False,
) -> None:
    """Show the data, models, files, packages and room that a run needs, and what is missing.

    A configuration that sets something of [compare] is one of `kdnas compare`, another is a
    search's. Without --fetch nothing is asked of any network. It ends with 1 where something is
    missing.

    Example: kdnas resources --preset rosearch-sst2 --fetch
    """
    from kdnas.cli.beforehand import chosen_config, is_comparison, require_comparable
    from kdnas.cli.fetching import fetched
    from kdnas.cli.output import messages, results
    from kdnas.resources import resources_of

    chosen = chosen_config(preset, config, overrides)
    run: Command = "compare" if is_comparison(chosen) else "search"
    run = "reproduce" if reproduction else run
    if run == "compare":
        require_comparable(chosen, preset, config)
    look = partial(resources_of, chosen, command=run)
    found = look()
    if fetch:
        found = fetched(found, look, messages().print)
    command = fetch_command(preset, config, overrides, reproduction=reproduction)
    say = results()
    for resource in found:
        for line in _lines(resource, command, min(say.width, _WIDTH)):
            say.print(line)
    if any(resource.problem for resource in found):
        raise typer.Exit(1)


def _lines(resource: "Resource", command: str, width: int) -> list[str]:
    """What a resource is and how it is; below it where, its licence, and what to do.

    Texts are wrapped, but no path and no command is broken.
    """
    from rich.filesize import decimal

    size = [] if resource.size is None else [decimal(resource.size)]
    state = f"{resource.what}: {', '.join([resource.problem or 'there', *size])}"
    lines = [*wrap(state, width, subsequent_indent=_INDENT, **_WHOLE)]
    lines.append(f"{_INDENT}place    {resource.place}")
    hang = " " * len(f"{_INDENT}licence  ")
    if resource.licence:
        lines += wrap(
            f"{_INDENT}licence  {resource.licence}", width, subsequent_indent=hang, **_WHOLE
        )
    if resource.problem and resource.cure:
        lines += wrap(f"{_INDENT}to do    {resource.cure}", width, subsequent_indent=hang, **_WHOLE)
    elif resource.problem:
        lines.append(f"{_INDENT}to do    {command}")
    return lines

"""`kdnas resources`: what a configuration needs from elsewhere, and whether it is there."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from kdnas.cli.options import ConfigOption, PresetOption, SetOption, fetch_command

if TYPE_CHECKING:
    from rich.table import Table

    from kdnas.resources import Resource


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
    """Show the data, models, files, packages and room that a search needs, and what is missing.

    Without --fetch nothing is asked of any network. It ends with 1 where something is missing.

    Example: kdnas resources --preset rosearch-sst2 --fetch
    """
    from kdnas.cli.beforehand import chosen_config
    from kdnas.cli.fetching import fetched
    from kdnas.cli.output import print_table
    from kdnas.resources import resources_of

    chosen = chosen_config(preset, config, overrides)
    look = partial(resources_of, chosen, reproduction=reproduction)
    found = look()
    if fetch:
        found = fetched(found, look)
    command = fetch_command(preset, config, overrides, reproduction=reproduction)
    print_table(_table(found, command))
    if any(resource.problem for resource in found):
        raise typer.Exit(1)


def _table(found: "Sequence[Resource]", command: str) -> "Table":
    """A line for each; what to do only where something is missing."""
    from rich import box
    from rich.filesize import decimal
    from rich.table import Table

    columns = ["what", "state", "size", "place", "licence"]
    if any(resource.problem for resource in found):
        columns.append("what gets it")
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for resource in found:
        table.add_row(
            resource.what,
            resource.problem or "there",
            "-" if resource.size is None else decimal(resource.size),
            str(resource.place),
            resource.licence or "-",
            *([resource.way(command) if resource.problem else "-"] * (len(columns) > 5)),
        )
    return table

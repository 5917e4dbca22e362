"""`kdnas presets`: the configurations that come with kdnas."""

from typing import Annotated

import typer


def presets(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A preset.")] = None,
) -> None:
    """List the presets, or how one departs from the paper and the `--set` that undoes it.

    Example: kdnas presets quickstart
    """
    from kdnas.config import COMMANDS, as_toml, departures, load_config, preset_names, read_preset

    if name is None:
        wide = max(map(len, preset_names())) + 2
        for command in COMMANDS:
            typer.echo(f"for kdnas {command}:")
            for each in preset_names(command):
                first = read_preset(each).splitlines()[0]
                typer.echo(f"  {each:<{wide}}{_description(first)}")
        return
    config = load_config(preset=name)
    typer.echo(f"{name}: {_description(read_preset(name))}")
    found = departures(config)
    if not found:
        typer.echo("no departure from the paper; what it leaves open has the default value")
        return
    typer.echo("departures from the paper's search on SST-2, each with what undoes it:")
    for setting, (value, paper) in found.items():
        mine = f"{setting} = {as_toml(value)}"
        typer.echo(f"  {mine:<40} --set '{setting}={as_toml(paper)}'")


def _description(text: str) -> str:
    comments = [line for line in text.splitlines() if line.startswith("#")]
    return " ".join(line.lstrip("# ") for line in comments)

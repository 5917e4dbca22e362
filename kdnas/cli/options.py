"""Options that several commands share."""

import shlex
from pathlib import Path
from typing import Annotated

import typer


def fetch_command(
    preset: str | None,
    config: Path | None,
    overrides: list[str] | None,
    *,
    reproduction: bool = False,
) -> str:
    """The command that fetches what a search with a configuration needs, or a reproduction.

    >>> fetch_command("rosearch-sst2", None, ["task.train=10"])
    'kdnas resources --preset rosearch-sst2 --set task.train=10 --fetch'
    """
    words = ["--preset", preset] if preset else []
    words += ["--config", str(config)] if config else []
    words += [word for override in overrides or [] for word in ("--set", override)]
    words += ["--reproduction"] if reproduction else []
    return shlex.join(["kdnas", "resources", *words, "--fetch"])


RunArgument = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
PresetOption = Annotated[
    str | None, typer.Option("--preset", metavar="NAME", help="See `kdnas presets`.")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A TOML configuration.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=VALUE", help="Override one setting; may be repeated."),
]
TakeOverOption = Annotated[
    bool,
    typer.Option("--take-over", help="Go on although a silent process elsewhere has the lock."),
]
JobsOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Trainings at once; default: the cores.")
]
ClusterOption = Annotated[
    str | None,
    typer.Option(metavar="WHERE", help="A Dask cluster: local, slurm, or tcp://host:port."),
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin", metavar="MODULE", help="Import a module with parts of the run; runs its code."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON list of objects and nothing else.")
]

"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin", metavar="MODULE", help="Import a module with parts of the run; runs its code."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON list of objects and nothing else.")
]

"""`kdnas reproduce`: the paper's tables and figures from one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdnas.cli.options import (
    ClusterOption,
    ConfigOption,
    JobsOption,
    PresetOption,
    SetOption,
    TakeOverOption,
    fetch_command,
)

if TYPE_CHECKING:
    from kdnas.config import Config


def reproduce(
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of all of it.")] = Path(
        "reproduction"
    ),
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Draw only these, from what is there: table5,figure7."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished one.")] = False,
    take_over: TakeOverOption = False,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
) -> None:
    """Run the paper's comparison and write its tables and figures into DIR/results.

    Searches, baselines and attacks are run where they are missing, then drawn. With --only nothing
    is run. Tables: table1 to table5, attacks, mcnemar, variance, searches, front, floor,
    weights, correlations, splits; figures: figure1, 5, 6a, 6b, 7, 8, 9, searches.

    Example: kdnas reproduce --preset quickstart-paper --out runs/paper
    """
    from kdnas.analysis.paper import require_known
    from kdnas.cli.beforehand import chosen_config, require_classes, require_inputs
    from kdnas.cli.crew import saying_where, shown_site
    from kdnas.reproduce import OUTPUTS
    from kdnas.reproduce import reproduce as run_reproduction

    chosen = chosen_config(preset, config, overrides, "reproduce")
    require_classes(chosen)
    names = None if only is None else only.split(",")
    require_known(OUTPUTS, names or ())
    if only is not None:
        _write(chosen, out, names)
        return
    command = fetch_command(preset, config, overrides, reproduction=True)
    require_inputs(chosen, command, out, "reproduce")
    with saying_where(out):
        with shown_site(chosen, out, jobs, cluster, resume=resume, take_over=take_over) as site:
            run_reproduction(chosen, site)
        _write(chosen, out, None)


def _write(config: "Config", out: Path, names: list[str] | None) -> None:
    from kdnas.analysis.paper import write_outputs
    from kdnas.cli.crew import print_written
    from kdnas.cli.output import messages
    from kdnas.errors import UserError
    from kdnas.reproduce import OUTPUTS, read_material

    material = read_material(config, out)
    for name in material.gone:
        said = f"the search {name} is gone from {out}: what is drawn is drawn without it"
        messages().print(said)
    files, missing = write_outputs(OUTPUTS, material, out / "results", names)
    print_written(files, missing)
    if not files:
        raise UserError("none of it can be made yet")

"""`kdnas reproduce`: the paper's tables and figures from one command."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdnas.cli.options import (
    ConfigOption,
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
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Trainings at once; default: the cores.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="WHERE", help="Who trains, as in `kdnas search`."),
    ] = None,
) -> None:
    """Run the paper's comparison and write its tables and figures into DIR/results.

    Searches, baselines and attacks are run where they are missing, then drawn. With --only nothing
    is run. Tables: table1 to table5, attacks, mcnemar, variance, searches, front, floor,
    weights, correlations, splits; figures: figure1, 5, 6a, 6b, 7, 8, 9, searches.

    Example: kdnas reproduce --preset quickstart-paper --out runs/paper
    """
    from kdnas.analysis.paper import require_known
    from kdnas.cli.beforehand import chosen_config, require_classes, require_inputs
    from kdnas.cli.output import duration, messages
    from kdnas.reproduce import OUTPUTS
    from kdnas.runs import MODELS_FILE

    begun = time.perf_counter()
    chosen = chosen_config(preset, config, overrides, "reproduce")
    require_classes(chosen, "reproduce")
    names = None if only is None else only.split(",")
    require_known(OUTPUTS, names or ())
    if only is None:
        command = fetch_command(preset, config, overrides, reproduction=True)
        require_inputs(chosen, command, out, reproduction=True)
        _run(chosen, out, jobs, cluster, resume=resume, take_over=take_over)
    _write(chosen, out, names)
    if only is None:
        messages().print(
            f"done in {duration(time.perf_counter() - begun)}: tables and figures in"
            f" {out / 'results'}, models in {out / 'models'}, texts in {out / MODELS_FILE}",
        )


def _run(
    config: "Config",
    out: Path,
    jobs: int | None,
    cluster: str | None,
    *,
    resume: bool,
    take_over: bool,
) -> None:
    from kdnas.cli.attack_output import warn_of_reference
    from kdnas.cli.progress import Display
    from kdnas.cli.search import default_jobs
    from kdnas.comparison import Crew
    from kdnas.reproduce import reproduce as run_reproduction
    from kdnas.workers import require_cluster

    if cluster is not None:
        require_cluster(cluster)
    warn_of_reference(config.attack.recipe)
    crew = Crew(jobs or default_jobs(config.search.threads), cluster)
    with Display(config.fitness) as display:
        resume = resume or take_over
        run_reproduction(config, out, crew, display, resume=resume, take_over=take_over)


def _write(config: "Config", out: Path, names: list[str] | None) -> None:
    from kdnas.analysis.paper import write_outputs
    from kdnas.cli.output import messages, results
    from kdnas.errors import UserError
    from kdnas.reproduce import OUTPUTS, read_material

    material = read_material(config, out)
    for name in material.gone:
        said = f"the search {name} is gone from {out}: what is drawn is drawn without it"
        messages().print(said)
    files, missing = write_outputs(OUTPUTS, material, out / "results", names)
    for file in files:
        results().print(str(file))
    for name, reason in missing.items():
        messages().print(f"{name}: {reason}")
    if not files:
        raise UserError("none of it can be made yet")

"""`kdnas compare`: every method of teaching on every student, in tables and a figure."""

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


def compare(
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    methods: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Such as finetune,kd,pkd; see methods.")
    ] = None,
    students: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help="Such as layers:3,drawn:0,RUN:KEY,arch.json,MODEL."),
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Trainings of each pair.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of all of it.")] = Path(
        "comparison"
    ),
    only: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Draw only these, from what is there: methods,tests."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with one; methods and students may be added.")
    ] = False,
    take_over: TakeOverOption = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Trainings at once; default: the cores.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="WHERE", help="Who trains, as in `kdnas search`."),
    ] = None,
) -> None:
    """Teach every student by every method, attack all, and write tables into DIR/results.

    All methods begin from the same weights and see the texts in the same order. Tables: methods,
    tests; figure: trade-off. With --only nothing is trained.

    Example: kdnas compare --preset compare-offline --methods finetune,kd,pkd --out runs/ways
    """
    from kdnas.analysis.paper import require_known
    from kdnas.cli.beforehand import chosen_config, require_classes, require_inputs
    from kdnas.cli.output import duration, messages
    from kdnas.runs import MODELS_FILE
    from kdnas.study import OUTPUTS

    begun = time.perf_counter()
    asked = {"methods": methods, "students": students}
    listed = [
        f"compare.{name}={[each.strip() for each in words.split(',')]}"
        for name, words in asked.items()
        if words is not None
    ]
    listed += [f"compare.replicates={replicates}"] if replicates else []
    overrides = [*(overrides or []), *listed]
    chosen = chosen_config(preset, config, overrides)
    require_classes(chosen, "compare")
    names = None if only is None else only.split(",")
    require_known(OUTPUTS, names or ())
    if only is None:
        require_inputs(chosen, fetch_command(preset, config, overrides), out)
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
    from kdnas.study import run_study
    from kdnas.workers import require_cluster

    if cluster is not None:
        require_cluster(cluster)
    warn_of_reference(config.attack.recipe)
    crew = Crew(jobs or default_jobs(config.search.threads), cluster)
    with Display(config.fitness) as display:
        resume = resume or take_over
        run_study(config, out, crew, display, resume=resume, take_over=take_over)


def _write(config: "Config", out: Path, names: list[str] | None) -> None:
    from kdnas.cli.output import messages, results
    from kdnas.study import read_study, write_study

    files, missing = write_study(read_study(config, out), out / "results", names)
    for file in files:
        results().print(str(file))
    for name, reason in missing.items():
        messages().print(f"{name}: {reason}")

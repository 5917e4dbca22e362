"""`kdnas compare`: every method of teaching on every student, in tables and a figure."""

from pathlib import Path
from typing import Annotated

import typer

from kdnas.cli.crew import ClusterOption, JobsOption
from kdnas.cli.options import (
    ConfigOption,
    PresetOption,
    SetOption,
    TakeOverOption,
    fetch_command,
)


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
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
) -> None:
    """Teach every student by every method, attack all, and write tables into DIR/results.

    All methods begin from the same weights and see the texts in the same order. Tables: methods,
    tests, made-texts; figure: trade-off. With --only nothing is trained.

    Example: kdnas compare --preset compare-offline --methods finetune,kd,pkd --out runs/ways
    """
    from kdnas.analysis.paper import require_known
    from kdnas.cli.beforehand import chosen_config, require_classes, require_inputs
    from kdnas.cli.crew import print_written, saying_where, train
    from kdnas.study import OUTPUTS, read_study, run_study, write_study

    asked = _asked(methods, students, replicates)
    overrides = [*(overrides or []), *asked]
    chosen = chosen_config(preset, config, overrides)
    require_classes(chosen, "compare")
    names = None if only is None else only.split(",")
    require_known(OUTPUTS, names or ())
    if only is not None:
        print_written(*write_study(read_study(chosen, out), out / "results", names))
        return
    require_inputs(chosen, fetch_command(preset, config, overrides), out)
    go_on = {"resume": resume or take_over, "take_over": take_over}
    with saying_where(out):
        train(chosen, jobs, cluster, lambda crew, told: run_study(chosen, out, crew, told, **go_on))
        print_written(*write_study(read_study(chosen, out), out / "results"))


def _asked(methods: str | None, students: str | None, replicates: int | None) -> list[str]:
    """The options as settings."""
    lists = {"methods": methods, "students": students}
    asked = [
        f"compare.{name}={[each.strip() for each in words.split(',')]}"
        for name, words in lists.items()
        if words is not None
    ]
    return asked + ([f"compare.replicates={replicates}"] if replicates else [])

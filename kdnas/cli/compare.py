"""`kdnas compare`: every method of teaching on every student, in tables and a figure."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

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

MethodsOption = Annotated[
    str | None, typer.Option(metavar="NAMES", help="Such as finetune,kd,pkd; see methods.")
]
StudentsOption = Annotated[
    str | None,
    typer.Option(metavar="WORDS", help="Such as layers:3,drawn:0,RUN:KEY,arch.json,MODEL."),
]
TasksOption = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Such as glue/cola,glue/rte: a comparison of each."),
]
ReplicatesOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Trainings of each pair.")
]
OutOption = Annotated[Path, typer.Option(metavar="DIR", help="Folder of all of it.")]
OnlyOption = Annotated[
    str | None,
    typer.Option(metavar="NAMES", help="Draw only these, from what is there: methods,tests."),
]
ResumeOption = Annotated[
    bool, typer.Option("--resume", help="Go on with one; methods, students, tasks may be added.")
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Time each student, estimate, and train nothing.")
]


def compare(
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    methods: MethodsOption = None,
    students: StudentsOption = None,
    tasks: TasksOption = None,
    replicates: ReplicatesOption = None,
    out: OutOption = Path("comparison"),
    only: OnlyOption = None,
    resume: ResumeOption = False,
    take_over: TakeOverOption = False,
    dry_run: DryRunOption = False,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
) -> None:
    """Teach every student by every method, attack all, and write tables into DIR/results.

    All methods begin from the same weights and see the texts in the same order. Tables: methods,
    tests, made-texts; figure: trade-off. Of several tasks each is in DIR/TASK, and DIR/results has
    the table tasks, with their average and what a source prints. With --only nothing is trained.

    Example: kdnas compare --preset compare-offline --methods finetune,kd,pkd --out runs/ways
    """
    from kdnas.analysis.paper import require_known
    from kdnas.cli.beforehand import (
        chosen_config,
        is_comparison,
        require_comparable,
        require_inputs,
    )
    from kdnas.cli.crew import print_written, saying_where, shown_site
    from kdnas.cli.dry_run import print_plans
    from kdnas.cli.search import default_jobs
    from kdnas.study import OUTPUTS, OVER_TASKS, read_overview, run_comparison, write_comparison

    asked = _asked({"methods": methods, "students": students, "tasks": tasks}, replicates)
    overrides = [*(overrides or []), *asked]
    chosen = chosen_config(preset, config, overrides)
    names = None if only is None else only.split(",")
    require_known([*OUTPUTS, *OVER_TASKS], names or ())
    if only is not None:
        print_written(*write_comparison(read_overview(chosen, out), out, names))
        return
    require_comparable(chosen, preset, config)
    if not is_comparison(chosen):
        overrides += [f"compare.replicates={chosen.compare.replicates}"]
    require_inputs(chosen, fetch_command(preset, config, overrides), out, "compare")
    if dry_run:
        print_plans(chosen, jobs or default_jobs(chosen.search.threads))
        return
    with saying_where(out):
        with shown_site(chosen, out, jobs, cluster, resume=resume, take_over=take_over) as site:
            run_comparison(chosen, site)
        print_written(*write_comparison(read_overview(chosen, out), out))


def _asked(lists: Mapping[str, str | None], replicates: int | None) -> list[str]:
    """The options as settings."""
    asked = [
        f"compare.{name}={[each.strip() for each in words.split(',')]}"
        for name, words in lists.items()
        if words is not None
    ]
    return asked + ([f"compare.replicates={replicates}"] if replicates else [])

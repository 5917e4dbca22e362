"""`kdnas search`: a whole run."""

import shlex
from functools import partial
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
    from kdnas.pipeline import Start
    from kdnas.runs import Archive, Row, RunFolder


def search(
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    out: Annotated[Path, typer.Option(metavar="RUN", help="Folder of the run.")] = Path("run"),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an unfinished run.")] = False,
    take_over: TakeOverOption = False,
    jobs: JobsOption = None,
    cluster: ClusterOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what the run would take, from one student.")
    ] = False,
) -> None:
    """Search, distil and attack students; report on the front.

    A configuration may name modules and parts of your own (`module:name`); they are imported, which
    runs their code, so read a configuration from elsewhere before you use it.

    Example: kdnas search --preset quickstart --set search.seed=1 --out runs/second
    """
    from kdnas.cli.beforehand import chosen_config, require_gpus
    from kdnas.runs import RunFolder, held_run
    from kdnas.workers import open_workers, require_cluster

    chosen = chosen_config(preset, config, overrides, "search")
    count = jobs or default_jobs(chosen.search.threads)
    command = fetch_command(preset, config, overrides)
    if cluster is None:
        require_gpus(chosen.workers.gpus)
    else:
        require_cluster(cluster)
    if dry_run:
        from kdnas.cli.dry_run import print_dry_run

        print_dry_run(chosen, count, command)
        return
    run, go_on = RunFolder(out), resume or take_over
    with held_run(run, chosen, resume=go_on, take_over=take_over) as archive:
        start = partial(open_workers, chosen, out, count, cluster)
        _run(chosen, run, archive, start, command)


def default_jobs(threads: int) -> int:
    """The number of students that the cores can train at once, each with its threads."""
    import os

    return max((os.cpu_count() or 1) // threads, 1)


def _run(
    config: "Config", folder: "RunFolder", archive: "Archive", start: "Start", command: str
) -> None:
    from kdnas.cli.beforehand import require_inputs
    from kdnas.cli.inspect import print_front
    from kdnas.cli.output import messages

    if archive.meta("finished"):
        messages().print(f"{folder.path} is finished")
        print_front(folder, archive)
        return
    require_inputs(config, command, folder.path)
    _announce(config)
    from kdnas.cli.progress import Display
    from kdnas.pipeline import run_pipeline

    with Display(config.fitness) as display:
        run_pipeline(config, folder, archive, start, display)
    _print_summary(config, folder, archive)


def _announce(config: "Config") -> None:
    """Say what is searched, and where the space is not the paper's."""
    from kdnas.cli.attack_output import warn_of_reference
    from kdnas.cli.output import messages
    from kdnas.config import Config, as_toml
    from kdnas.runs.context import OFFLINE

    say = messages().print
    own, paper = (c.model_dump(mode="json")["space"] for c in (config, Config()))
    changed = [
        f"space.{name} = {as_toml(value)}"
        for name, value in own.items()
        if value != paper.get(name)
    ]
    listed = "; ".join(changed)
    teacher = f"{config.teacher.model}{config.teacher.way}"
    say(f"{config.task.name}, teacher {teacher}, {config.search.algorithm}")
    space = f"space: {config.space.size:.2e} genotypes" + (f", with {listed}" if listed else "")
    say(space)
    warn_of_reference(config.attack.recipe)
    if config.attack.resources == "offline":
        say(OFFLINE)


def _print_summary(config: "Config", folder: "RunFolder", archive: "Archive") -> None:
    from statistics import median

    from kdnas.cli.attack_output import print_spec
    from kdnas.cli.output import counted, duration, results
    from kdnas.metrics import headline, points, score, violation

    rows, floor = archive.rows(), archive.meta("floor")
    evaluations = [row.evaluation for row in rows if row.evaluation]
    failures = [row.failure.kind for row in rows if row.failure]
    above = sum(violation(e, floor) <= 0 for e in evaluations)
    reached = median([score(e.search) for e in evaluations]) if evaluations else float("nan")
    kinds = ", ".join(f"{failures.count(kind)} {kind}" for kind in sorted(set(failures)))
    stages = ", ".join(f"{name} {duration(s)}" for name, s in archive.meta("stages").items())
    say = results().print
    say(
        f"{counted(len(evaluations), 'student')} evaluated, {len(failures)} failed {kinds}".rstrip()
    )
    say(
        f"median {headline(config.task.metric).label} {points(reached):.1f} points; "
        f"{'mean' if config.task.of_numbers else 'majority'} "
        f"{points(archive.meta('majority_share')):.1f}, teacher "
        f"{points(archive.meta('teacher_accuracy')):.1f}; {above} of "
        f"{counted(len(evaluations), 'student')} at or above the floor of {points(floor):.1f}",
    )
    for spec in archive.specs().values():
        print_spec(spec)
    say(f"ended by: {archive.meta('ended')}; time: {stages}")
    if config.search.asynchronous:
        _print_arrival(rows, archive.events())
    run = shlex.quote(str(folder.path))
    say(f"next: kdnas front {run}; kdnas plot {run}")


def _print_arrival(rows: "list[Row]", events: list[tuple[str, int]]) -> None:
    """Say whether quick students had an advantage: they arrive first."""
    from kdnas.analysis import arrival
    from kdnas.cli.output import results

    found = arrival(rows, events)
    if found is not None:
        results().print(
            f"asynchronous: results came {found.places:.1f} places from their proposal's on"
            f" average; the delay goes with the student's time (Spearman {found.duration:.2f}) and"
            f" with its size ({found.size:.2f}: well above 0, small students came first)",
        )

"""`kdnas evaluate`: one architecture through the pipeline of a search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.attack_output import print_spec
from kdnas.cli.options import (
    ConfigOption,
    JsonOption,
    PluginOption,
    PresetOption,
    SetOption,
    fetch_command,
)

if TYPE_CHECKING:
    from rich.table import Table

    from kdnas.records import AttackSpec, Job
    from kdnas.runs import Row


def evaluate(
    architecture: Annotated[Path, typer.Argument(metavar="ARCH.json", help="An architecture.")],
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    plugins: PluginOption = None,
    replicates: Annotated[int, typer.Option(min=1, metavar="N", help="Trainings.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Distil, measure and attack one architecture, on search-val and report-val.

    Example: kdnas evaluate arch.json --preset quickstart --replicates 3
    """
    from kdnas.analysis import as_records
    from kdnas.cli.beforehand import chosen_config, require_gpus, require_inputs
    from kdnas.cli.output import counted, messages, print_json
    from kdnas.metrics import metrics_of
    from kdnas.registry import plug_in

    for module in plugins or []:
        plug_in(module)
    chosen = chosen_config(preset, config, overrides)
    arch = _read(architecture, chosen.space)
    messages().print(f"{arch}, {counted(replicates, 'training')}")
    require_gpus(chosen.workers.gpus)
    require_inputs(chosen, fetch_command(preset, config, overrides))
    rows, floor, spec = _evaluated(chosen, arch, replicates)
    if as_json:
        objectives = metrics_of(chosen.search.objectives)
        print_json(as_records(rows, chosen.fitness, objectives, floor, spec))
    else:
        print_scores(rows)
        print_spec(spec)
    if not any(row.report for row in rows):
        raise typer.Exit(1)  # every training failed


def _read(path: Path, space: Any) -> Any:
    from kdnas.errors import UserError
    from kdnas.reading import read_small
    from kdnas.registry import raised
    from kdnas.space import NetworkShape

    text = read_small(path)
    try:
        genotype = space.from_json(text)
        space.cost(genotype, NetworkShape(), 1)  # what has an unknown part is refused here
        return genotype
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except Exception as error:  # of a space of the user's own
        raise UserError(f"{path} is no student of {space.name}: {raised(error)}") from error


def _evaluated(
    config: Any, arch: Any, replicates: int
) -> "tuple[list[Row], float, AttackSpec | None]":
    """A row per replicate as a search would have recorded it, the accuracy floor, the attack."""
    from dataclasses import replace
    from tempfile import TemporaryDirectory

    from kdnas.cli.output import messages, say_stage
    from kdnas.evaluation import Evaluator
    from kdnas.metrics import metrics_of, with_values
    from kdnas.records import Evaluation, Job, Report
    from kdnas.seeds import derived_seed
    from kdnas.training import quiet_libraries
    from kdnas.workers import guarded

    quiet_libraries()
    rows = []
    with TemporaryDirectory() as folder:
        evaluator = Evaluator(config, Path(folder), say_stage, messages().print)
        objectives, prepared = metrics_of(config.search.objectives), evaluator.prepared

        def judged(job: Job) -> Evaluation | Report:
            return with_values(evaluator(job), objectives)

        for i in range(replicates):
            job = Job(i, arch, derived_seed(config.search.seed, arch.key, i))
            result, report = guarded(judged, job), None
            if isinstance(result, Evaluation):
                report = guarded(evaluator, replace(job, stage="report"))
            rows.append(_row(job, result, report))
    return rows, prepared.floor(config), prepared.spec


def _row(job: "Job", result: Any, report: Any) -> "Row":
    """What a replicate came to; the report is None where its training failed."""
    from kdnas.records import Evaluation, Failure, Report
    from kdnas.runs import Row

    return Row(
        birth=job.birth,
        key=job.architecture.key,
        architecture_json=job.architecture.to_json(),
        operation="given",
        parents=(),
        seed=job.seed,
        status="ok" if isinstance(result, Evaluation) else "failed",
        evaluation=result if isinstance(result, Evaluation) else None,
        failure=result if isinstance(result, Failure) else None,
        report=report.measurement if isinstance(report, Report) else None,
    )


def print_scores(rows: "list[Row]") -> None:
    """A table of what was measured, then a line for each replicate that failed."""
    from kdnas.cli.output import print_table, results

    measured = [row for row in rows if row.report]
    if measured:
        print_table(_table(measured))
    for row in rows:
        if row not in measured:
            why = f"{row.failure.kind}, {row.failure.message}" if row.failure else "on report-val"
            say = f"replicate {row.birth} failed: {why}"
            results().print(say)


def _table(rows: "list[Row]") -> "Table":
    from rich import box
    from rich.table import Table

    from kdnas.metrics import PARAMETERS, WORST_CLASS_ROBUSTNESS, shown_scores

    assert rows[0].evaluation
    shown = shown_scores(rows[0].evaluation.search.metric)
    names = ["worst\nclass" if s == WORST_CLASS_ROBUSTNESS else s.label for s in shown]
    columns = [f"{name}\n{split}" for split in ("search", "report") for name in names]
    caption = f"points; {PARAMETERS.shown(rows[0].evaluation):.2f} M parameters"
    table = Table("replicate", *columns, box=box.SIMPLE_HEAD, caption=caption)
    found = {str(row.birth): _points(row) for row in rows}
    for name, values in (found | _spread(list(found.values()))).items():
        table.add_row(name, *(f"{value:.1f}" for value in values))
    return table


def _points(row: "Row") -> list[float]:
    """The scores of a replicate on both splits, in the order of the columns."""
    from kdnas.metrics import shown_scores

    assert row.evaluation
    assert row.report
    splits = (row.evaluation.search, row.report)
    return [score.shown_of(m) for m in splits for score in shown_scores(m.metric)]


def _spread(found: list[list[float]]) -> dict[str, list[float]]:
    """Mean and standard deviation of each score, where there is more than one replicate."""
    from statistics import mean, stdev

    if len(found) < 2:
        return {}
    columns = list(zip(*found, strict=True))
    return {"mean": list(map(mean, columns)), "sd": list(map(stdev, columns))}

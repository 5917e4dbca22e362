"""`kdnas evaluate`: one architecture through the pipeline of a search."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kdnas.cli.options import ConfigOption, JsonOption, PresetOption, SetOption

if TYPE_CHECKING:
    from kdnas.archive import Row


def evaluate(
    architecture: Annotated[Path, typer.Argument(metavar="ARCH.json", help="An architecture.")],
    preset: PresetOption = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    replicates: Annotated[int, typer.Option(min=1, metavar="N", help="Trainings.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Distil, measure and attack one architecture, on search-val and report-val.

    Example: kdnas evaluate arch.json --preset quickstart --replicates 3
    """
    from kdnas.analysis import as_records
    from kdnas.cli.output import messages, print_json
    from kdnas.config import load_config

    chosen = load_config(preset, config, overrides or [])
    arch = _read(architecture)
    messages().print(f"{arch}, {replicates} trainings", markup=False)
    rows, floor = _evaluated(chosen, arch, replicates)
    if as_json:
        print_json(as_records(rows, chosen.fitness, chosen.search.objectives, floor))
    else:
        _print_scores(rows)


def _read(path: Path) -> Any:
    from kdnas.errors import UserError
    from kdnas.space import Architecture

    try:
        return Architecture.from_json(path.read_text())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


def _evaluated(config: Any, arch: Any, replicates: int) -> "tuple[list[Row], float]":
    """A row per replicate as a search would have recorded it, and the accuracy floor."""
    from tempfile import TemporaryDirectory

    from kdnas.archive import Row
    from kdnas.evaluate import Evaluator
    from kdnas.pipeline import quiet_libraries
    from kdnas.records import Evaluation, Failure, Job, Report
    from kdnas.seeds import derived_seed
    from kdnas.workers import guarded

    quiet_libraries()
    rows = []
    with TemporaryDirectory() as folder:
        evaluator = Evaluator(config, Path(folder))
        for i in range(replicates):
            seed = derived_seed(config.search.seed, arch.key, i)
            result = guarded(evaluator, Job(i, arch, seed))
            report = None
            if isinstance(result, Evaluation):
                report = guarded(evaluator, Job(i, arch, seed, "report"))
            rows.append(
                Row(
                    birth=i,
                    key=arch.key,
                    architecture_json=arch.to_json(),
                    operation="given",
                    parents=(),
                    seed=seed,
                    status="ok" if isinstance(result, Evaluation) else "failed",
                    evaluation=result if isinstance(result, Evaluation) else None,
                    failure=result if isinstance(result, Failure) else None,
                    report=report.measurement if isinstance(report, Report) else None,
                )
            )
    return rows, evaluator.prepared.floor(config)


def _print_scores(rows: "list[Row]") -> None:
    from rich import box
    from rich.table import Table

    from kdnas.cli.output import results

    table = Table("replicate", *(_SCORES), box=box.SIMPLE_HEAD)
    columns: list[list[float]] = []
    for row in rows:
        if row.evaluation is None or row.report is None:
            table.add_row(str(row.birth), f"failed: {row.failure}")
            continue
        values = [
            100 * value
            for m in (row.evaluation.search, row.report)
            for value in (m.accuracy, m.robustness, m.worst_class_robustness)
        ]
        columns.append(values)
        table.add_row(str(row.birth), *(f"{value:.1f}" for value in values))
    if len(columns) > 1:
        table.add_row("mean ± sd", *map(_mean_sd, zip(*columns, strict=True)))
    if rows and rows[0].evaluation:
        table.caption = f"points; {rows[0].evaluation.parameters / 1e6:.2f} M parameters"
    results().print(table)


_SCORES = (
    "accuracy\nsearch",
    "robustness\nsearch",
    "worst class\nsearch",
    "accuracy\nreport",
    "robustness\nreport",
    "worst class\nreport",
)


def _mean_sd(values: tuple[float, ...]) -> str:
    from statistics import mean, stdev

    return f"{mean(values):.1f} ± {stdev(values):.1f}"

"""`kdnas front`, `kdnas show`, `kdnas plot`: looking at a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kdnas.cli.attack_output import print_spec
from kdnas.cli.options import JsonOption, RunArgument
from kdnas.errors import UserError

if TYPE_CHECKING:
    from kdnas.runs import Archive, Row, RunFolder


def front(run: RunArgument, as_json: JsonOption = False) -> None:
    """Print the front of a run with its search and report values side by side.

    Example: kdnas front runs/quickstart --json
    """
    import gc

    from kdnas.runs import Archive, RunFolder

    gc.disable()  # nothing is garbage before the end; looking for it takes a fifth of the time
    folder = RunFolder(run)
    with Archive.read(folder.archive) as archive:
        _say_unfinished(run, archive)
        if as_json:
            _print_records(folder, archive, only_front=True)
        else:
            print_front(folder, archive)


def show(
    run: RunArgument,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="A student.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print all students of a run, or one in detail; KEY may be the first digits of its key.

    Example: kdnas show runs/quickstart 1343741d
    """
    from kdnas.analysis import search_table, student_details, why_empty
    from kdnas.cli.output import print_table, results
    from kdnas.runs import Archive, RunFolder, run_context

    folder = RunFolder(run)
    with Archive.read(folder.archive) as archive:
        rows = archive.rows()
        chosen = find_student(rows, key) if key is not None else None
        if as_json:
            _print_records(folder, archive, only=chosen)
            return
        context = run_context(folder, archive, rows)
        if not rows:
            results().print(why_empty(rows, context))
            return
        table = student_details(chosen, rows, context) if chosen else search_table(rows, context)
        print_table(table)
        print_spec(context.spec)


def plot(
    run: RunArgument,
    figure: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this one; may be repeated.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Default: RUN/figures.")] = None,
) -> None:
    """Draw the figures of a run as PNG and PDF and print their paths.

    Figures: process, trade-off, pareto, hypervolume.

    Example: kdnas plot runs/quickstart --figure pareto
    """
    from kdnas.analysis import draw_figures
    from kdnas.cli.output import results
    from kdnas.runs import Archive, RunFolder, run_context

    folder = RunFolder(run)
    with Archive.read(folder.archive) as archive:
        rows = archive.rows()
        context = run_context(folder, archive, rows)
    for path in draw_figures(rows, context, out or folder.figures, figure):
        results().print(str(path))


def print_front(folder: "RunFolder", archive: "Archive") -> None:
    """The front as a table on standard output, or why it is empty."""
    from kdnas.analysis import front_table, why_empty
    from kdnas.cli.output import print_table, results
    from kdnas.runs import run_context

    rows = archive.rows()
    context = run_context(folder, archive, rows)
    reason = why_empty(rows, context)
    if reason:
        results().print(reason)
    else:
        print_table(front_table(rows, context))
    print_spec(context.spec)


def _say_unfinished(run: Path, archive: "Archive") -> None:
    """Say where a front may still change."""
    from kdnas.cli.output import counted, messages
    from kdnas.runs import stored_config

    if not archive.meta("finished"):
        done = sum(row.status != "pending" for row in archive.rows())
        planned = counted(stored_config(archive).search.evaluations, "student")
        messages().print(f"{run} is not finished ({done} of {planned}): its front may change")


def find_student(rows: "list[Row]", key: str) -> "Row":
    """The student whose key begins with `key`.

    Raises:
        UserError: There is none, or more than one.
    """
    found = [row for row in rows if row.key.startswith(key.lower())]
    if len(found) != 1:
        count = f"{len(found)} students have keys that begin" if found else "no key begins"
        raise UserError(f"{count} with {key!r}: `kdnas show RUN` lists the keys")
    return found[0]


def _print_records(
    folder: "RunFolder",
    archive: "Archive",
    *,
    only_front: bool = False,
    only: "Row | None" = None,
) -> None:
    from kdnas.analysis import as_records
    from kdnas.cli.output import print_json
    from kdnas.runs import run_context

    rows = archive.rows()
    context = run_context(folder, archive, rows)
    records = as_records(rows, context.weights, context.objectives, context.floor, context.spec)
    if only_front:
        records = [record for record in records if record["on_front"]]
    if only:
        records = [record for record in records if record["birth"] == only.birth]
    print_json(records)

"""`kdnas verify`: whether a run's folder is sound."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kdnas.cli.options import JsonOption, PluginOption, RunArgument

if TYPE_CHECKING:
    from kdnas.runs import RunFolder
    from kdnas.verify import Problem


def verify(run: RunArgument, plugins: PluginOption = None, as_json: JsonOption = False) -> None:
    """Check a run's folder for damage and contradictions; exit with 1 if there are any.

    Scores are counted again from the attacked texts; of a reproduction, the numbers of its tables
    too. Nothing is written into the folder.

    Example: kdnas verify runs/quickstart
    """
    from dataclasses import asdict

    from kdnas.cli.output import print_json
    from kdnas.registry import plug_in
    from kdnas.runs import MODELS_FILE

    for module in plugins or []:
        plug_in(module)
    reproduction = (run / MODELS_FILE).is_file()
    problems, counts, notes = _reproduction(run) if reproduction else _search(run)
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(problem)
        if not problems:
            for note in notes:
                typer.echo(note)
            typer.echo(f"{counts}: no contradiction found")
    if problems:
        raise typer.Exit(1)


def _search(run: Path) -> "tuple[tuple[Problem, ...], str, list[str]]":
    """What is wrong, what was looked at, and what could not be counted again."""
    from kdnas.runs import RunFolder
    from kdnas.verify import check

    folder = RunFolder(run)
    found = check(folder)
    counts = f"{found.students} students, {found.reports} reports, {found.texts} texts"
    notes = [] if found.problems else _not_counted(folder)
    return found.problems, counts, [*_notes({"": found.counts_only}), *notes]


def _not_counted(folder: "RunFolder") -> list[str]:
    """A line where the code of a run's parts is not here, so that sizes are not counted again."""
    from kdnas.errors import UserError
    from kdnas.runs import Archive, require_same_code

    with Archive.read(folder.archive) as archive:
        try:
            require_same_code(archive)
        except UserError as error:
            return [f"sizes not counted again: {error}"]
    return []


def _reproduction(run: Path) -> "tuple[tuple[Problem, ...], str, list[str]]":
    from kdnas.reproduce import check_reproduction

    found = check_reproduction(run)
    counts = f"{found.searches} searches, {found.models} models, {found.numbers} numbers of tables"
    return found.problems, counts, _notes(found.counts_only)


def _notes(counts_only: Mapping[str, int]) -> list[str]:
    """A line for each search with trials that cannot be counted again from predictions."""
    return [
        f"{name}: {trials} trials counts only".removeprefix(": ")
        for name, trials in counts_only.items()
        if trials
    ]

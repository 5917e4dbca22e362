"""`kdnas verify`: whether a run's folder is sound."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kdnas.cli.options import JsonOption, RunArgument

if TYPE_CHECKING:
    from kdnas.verify import Problem


def verify(run: RunArgument, as_json: JsonOption = False) -> None:
    """Check a run's folder for damage and contradictions; exit with 1 if there are any.

    Scores are counted again from the attacked texts; of a reproduction, the numbers of its tables
    too. Nothing is written into the folder.

    Example: kdnas verify runs/quickstart
    """
    from dataclasses import asdict

    from kdnas.cli.output import print_json
    from kdnas.runs import MODELS_FILE

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

    found = check(RunFolder(run))
    return (
        found.problems,
        f"{found.students} students, {found.reports} reports, {found.texts} texts",
        _notes({"": found.counts_only}),
    )


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

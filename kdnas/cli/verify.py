"""`kdnas verify`: whether a run's folder is sound."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kdnas.cli.options import JsonOption, PluginOption, RunArgument

if TYPE_CHECKING:
    from kdnas.run_folder import RunFolder
    from kdnas.verify import Problem


def verify(run: RunArgument, plugins: PluginOption = None, as_json: JsonOption = False) -> None:
    """Check a run's folder for damage and contradictions; exit with 1 if there are any.

    Scores are counted again from the attacked texts; of a reproduction, the numbers of its tables
    too. Nothing is written into the folder.

    Example: kdnas verify runs/quickstart
    """
    from dataclasses import asdict

    from kdnas.archive import MODELS_FILE
    from kdnas.cli.output import print_json
    from kdnas.registry import plug_in

    for module in plugins or []:
        plug_in(module)
    reproduction = (run / MODELS_FILE).is_file()
    problems, counts = _reproduction(run) if reproduction else _search(run)
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            typer.echo(problem)
        if not problems:
            typer.echo(f"{counts}: no contradiction found")
    if problems:
        raise typer.Exit(1)


def _search(run: Path) -> "tuple[tuple[Problem, ...], str]":
    """What is wrong, and what was looked at."""
    from kdnas.run_folder import RunFolder
    from kdnas.verify import check

    folder = RunFolder(run)
    found = check(folder)
    counts = f"{found.students} students, {found.reports} reports, {found.texts} texts"
    return found.problems, counts if found.problems else counts + _not_counted(folder)


def _not_counted(folder: "RunFolder") -> str:
    """What could not be checked of a sound run, because the code of its parts is not here."""
    from kdnas.archive import Archive
    from kdnas.errors import UserError
    from kdnas.run_folder import require_same_code

    with Archive.read(folder.archive) as archive:
        try:
            require_same_code(archive)
        except UserError as error:
            return f", sizes not counted again ({error})"
    return ""


def _reproduction(run: Path) -> "tuple[tuple[Problem, ...], str]":
    from kdnas.reproduce import check_reproduction

    found = check_reproduction(run)
    counts = f"{found.searches} searches, {found.models} models, {found.numbers} numbers of tables"
    return found.problems, counts

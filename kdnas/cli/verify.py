"""`kdnas verify`: whether a run's folder is sound."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kdnas.cli.options import JsonOption, PluginOption, RunArgument
from kdnas.errors import UserError

if TYPE_CHECKING:
    from kdnas.runs import RunFolder
    from kdnas.verify import Problem

_EXAMPLES = 3
"""Places that are named of problems of one kind, besides the first."""


def verify(run: RunArgument, plugins: PluginOption = None, as_json: JsonOption = False) -> None:
    """Check a run's folder for damage and contradictions; exit with 1 if there are any.

    Scores are counted again from the attacked texts; of a comparison or reproduction, the numbers
    of its tables too. Where there is no student or model it is refused. Nothing is written.

    Example: kdnas verify runs/quickstart
    """
    from dataclasses import asdict

    from kdnas.cli.output import print_json, results
    from kdnas.registry import plug_in
    from kdnas.runs import MODELS_FILE
    from kdnas.study import is_of_tasks, is_study

    for module in plugins or []:
        plug_in(module)
    look = _study if is_of_tasks(run) else _search
    if (run / MODELS_FILE).is_file():
        look = _study if is_study(run) else _reproduction
    problems, counts, notes = look(run)
    if not (problems or counts):
        raise UserError(
            f"{run} has no student and no model yet, so that there is nothing to verify: wait for"
            " one, or begin it again"
        )
    if as_json:
        print_json([asdict(problem) for problem in problems])
    else:
        lines = _summary(problems) or [*notes, f"{counts}: no contradiction found"]
        for line in lines:
            results().print(line)
    if problems:
        raise typer.Exit(1)


def _summary(problems: "Sequence[Problem]") -> list[str]:
    """A line for each kind of problem: the first of it, how many more, and where some of them are.

    A kind is what differs in numbers, keys and quoted words only.
    """
    kinds: dict[str, list[Problem]] = {}
    for problem in problems:
        kind = re.sub(r"\b[0-9a-f]{16}\b|-?\d+(\.\d+)?|'[^']*'", "#", str(problem))
        kinds.setdefault(kind, []).append(problem)
    return [f"{first}{_others(others)}" for first, *others in kinds.values()]


def _others(problems: "Sequence[Problem]") -> str:
    if not problems:
        return ""
    places = ", ".join(dict.fromkeys(problem.place for problem in problems[:_EXAMPLES]))
    left = ", ..." if len(problems) > _EXAMPLES else ""
    return f"; {len(problems)} more of this kind: {places}{left}"


def _search(run: Path) -> "tuple[tuple[Problem, ...], str, list[str]]":
    """What is wrong, what was looked at ("" for nothing), and what could not be counted again."""
    from kdnas.cli.output import counted
    from kdnas.runs import RunFolder
    from kdnas.verify import check

    folder = RunFolder(run)
    found = check(folder)
    numbers = {"student": found.students, "report": found.reports, "text": found.texts}
    looked_at = [counted(number, thing) for thing, number in numbers.items() if found.students]
    notes = [] if found.problems else _not_counted(folder)
    return found.problems, ", ".join(looked_at), [*_notes({"": found.counts_only}), *notes]


def _not_counted(folder: "RunFolder") -> list[str]:
    """A line where the code of a run's parts is not here, so that sizes are not counted again."""
    from kdnas.runs import Archive, require_same_code

    with Archive.read(folder.archive) as archive:
        try:
            require_same_code(archive)
        except UserError as error:
            return [f"sizes not counted again: {error}"]
    return []


def _reproduction(run: Path) -> "tuple[tuple[Problem, ...], str, list[str]]":
    from kdnas.cli.output import counted
    from kdnas.reproduce import check_reproduction

    found = check_reproduction(run)
    searches, models = counted(found.searches, "search"), counted(found.models, "model")
    counts = f"{searches}, {models}, {counted(found.numbers, 'number')} of tables"
    counts = counts if found.searches or found.models else ""
    return found.problems, counts, _notes(found.counts_only)


def _study(run: Path) -> "tuple[tuple[Problem, ...], str, list[str]]":
    from kdnas.cli.output import counted
    from kdnas.study import check_comparison

    found = check_comparison(run)
    counts = f"{counted(found.models, 'model')}, {counted(found.numbers, 'number')} of tables"
    return found.problems, counts if found.models else "", []


def _notes(counts_only: Mapping[str, int]) -> list[str]:
    """A line for each search with trials that cannot be counted again from predictions."""
    from kdnas.cli.output import counted

    return [
        f"{name}: {counted(trials, 'trial')} counts only".removeprefix(": ")
        for name, trials in counts_only.items()
        if trials
    ]

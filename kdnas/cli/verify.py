"""`kdnas verify`: whether a run's folder is sound."""

import typer

from kdnas.cli.options import JsonOption, RunArgument


def verify(run: RunArgument, as_json: JsonOption = False) -> None:
    """Check a run's folder for damage and contradictions; exit with 1 if there are any.

    Scores are counted again from the attacked texts. Nothing is written into the folder.

    Example: kdnas verify runs/quickstart
    """
    from dataclasses import asdict

    from kdnas.cli.output import print_json
    from kdnas.run_folder import RunFolder
    from kdnas.verify import check

    verdict = check(RunFolder(run))
    if as_json:
        print_json([asdict(problem) for problem in verdict.problems])
    else:
        for problem in verdict.problems:
            typer.echo(problem)
        if not verdict.problems:
            counts = (
                f"{verdict.students} students, {verdict.reports} reports, {verdict.texts} texts"
            )
            typer.echo(f"{counts}: no contradiction found")
    if verdict.problems:
        raise typer.Exit(1)

"""Whether a whole comparison is sound: each of its studies, and the table over tasks."""

import csv
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import fmean

from kdnas.analysis.paper import write_outputs
from kdnas.config import short_name
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study.models import model_name
from kdnas.study.over_tasks import OVER_TASKS, Overview
from kdnas.study.recounted import RECOUNTED
from kdnas.study.several import is_of_tasks, read_overview, settings_of
from kdnas.study.verified import StudyVerdict, check_study, compared, held_share
from kdnas.verify import Problem, redrawn_problems

_TABLE = "tasks.csv"


def check_comparison(folder: Path) -> StudyVerdict:
    """Check the folder of a comparison; nothing is written into it.

    Raises:
        UserError: Something writes into it without a pause, or its settings are damaged.
    """
    places = _places(folder)
    verdicts = {name: check_study(place) for name, place in places.items()}
    problems = [
        Problem(f"{name}/{each.place}" if name else each.place, each.message)
        for name, verdict in verdicts.items()
        for each in verdict.problems
    ]
    models = sum(verdict.models for verdict in verdicts.values())
    numbers = sum(verdict.numbers for verdict in verdicts.values())
    if problems or not models:
        return StudyVerdict(tuple(problems), models, numbers)
    overview = read_overview(None, folder)
    found = list(_recounted(overview, folder, places))
    problems = [problem for problem in found if problem is not None]
    write = partial(write_outputs, OVER_TASKS, overview)
    problems += redrawn_problems(write, list(OVER_TASKS), folder / "results")
    return StudyVerdict(tuple(problems), models, numbers + len(found))


def _places(folder: Path) -> dict[str, Path]:
    """The folder of each study by the name of its task; "" for the one of a single task."""
    if not is_of_tasks(folder):
        return {"": folder}
    names = map(short_name, settings_of(folder).compare.tasks)
    return {name: folder / name for name in names if (folder / name / MODELS_FILE).is_file()}


def _recounted(
    overview: Overview, folder: Path, places: dict[str, Path]
) -> Iterator[Problem | None]:
    """Count the table over tasks again, from the answers and outcomes of each text."""
    table = folder / "results" / _TABLE
    if not table.is_file():
        return
    with table.open(newline="", errors="replace") as file, ExitStack() as stack:
        lines = [line for line in csv.DictReader(file) if line.get("scores") == "here"]
        archives = {
            task: stack.enter_context(
                ModelArchive.read(places.get(short_name(task), folder) / MODELS_FILE)
            )
            for task in overview.studies
        }
        for line in lines:
            yield from _line(overview, archives, line)


def _line(
    overview: Overview, archives: dict[str, ModelArchive], line: dict[str, str]
) -> Iterator[Problem | None]:
    """Each score of a line, and its average."""
    student, method = line["student"], line["method"]
    name = model_name(student, method) if method else student
    counted: list[float | None] = []
    for (task, score), label in zip(overview.columns, overview.labels, strict=True):
        percent = _percent(archives[task], name, score) if task in archives else None
        counted.append(percent)
        if percent is not None or line.get(label):
            yield compared(_TABLE, f"{name}, {label}", line.get(label), percent)
    if not overview.has_average:
        return
    known = [value for value in counted if value is not None]
    constants = overview.printed.constants if overview.printed else ()
    average = fmean([*known, *constants]) if len(known) == len(counted) else None
    if average is not None or line.get("average"):
        yield compared(_TABLE, f"{name}, average", line.get("average"), average)


def _percent(archive: ModelArchive, name: str, score: str) -> float | None:
    """A score in points, the mean over trainings; None where the texts do not give it."""
    if score in archive.attacks:
        return held_share(archive, name, score)
    labels = archive.splits["report"].labels
    told = [
        archive.predictions(row.name, row.replicate) for row in archive.models() if row.name == name
    ]
    found = [of(labels, each) for each in told for of in RECOUNTED.get(score, ())]
    return 100 * fmean(found) if found else None

"""Whether a study is sound: its models, and its tables."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

from kdnas.metrics import headline
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study.material import read_study
from kdnas.study.models import model_name, stem
from kdnas.study.outputs import OUTPUTS, write_study
from kdnas.study.recounted import RECOUNTED
from kdnas.verify import Problem, model_problems, redrawn_problems, seal_problems

_TABLE = "methods.csv"

TOLERANCE = 1e-4
"""Of points."""

_HELD = """
SELECT avg(outcome = 'failed') FROM outcomes JOIN measurements USING (measurement)
JOIN trials USING (trial) JOIN students USING (birth) JOIN attacks USING (attack)
WHERE key = ? AND attacks.attack = ?
"""


@dataclass(frozen=True)
class StudyVerdict:
    """What was found.

    Attributes:
        problems: Everything that is wrong; none for a sound study.
        models, numbers: How many were looked at; numbers are those of the table of methods.
    """

    problems: tuple[Problem, ...]
    models: int
    numbers: int


def check_study(folder: Path) -> StudyVerdict:
    """Check the folder of a study; nothing is written into it.

    Raises:
        UserError: Something writes into it without a pause.
    """
    problems = model_problems(folder, stem)
    with ModelArchive.read(folder / MODELS_FILE) as archive:
        models = 0 if problems else len(archive.models())
        if problems or not models:
            return StudyVerdict(tuple(problems), models, 0)
        found = list(_recounted(archive, folder / "results" / _TABLE))
    problems = [problem for problem in found if problem is not None]
    study = read_study(None, folder)
    tables = [name for name in OUTPUTS if name != "trade-off"]  # a figure says nothing else
    problems += redrawn_problems(partial(write_study, study), tables, folder / "results")
    problems = problems or seal_problems(folder)
    return StudyVerdict(tuple(problems), models, len(found))


def _recounted(archive: ModelArchive, table: Path) -> Iterator[Problem | None]:
    """Count the scores of the table again, by another way than that which made them."""
    if not table.is_file():
        return
    specs = archive.specs()
    split = archive.splits["report"]
    score, counted = headline(split.metric).label, RECOUNTED.get(split.metric, ())
    with table.open(newline="", errors="replace") as file:
        lines = list(csv.DictReader(file))
    for line in lines:
        student, method = line.get("student") or "", line.get("method") or ""
        name = model_name(student, method) if method else student
        rows = [row for row in archive.models() if row.name == name]
        yield compared(_TABLE, f"{name}, trainings", line.get("trainings"), len(rows))
        told = [archive.predictions(name, row.replicate) for row in rows]
        found = [of(split.labels, each) for each in told for of in counted]
        if counted:  # a metric of a user's own is in the table that is drawn again
            percent = 100 * fmean(found) if found else None
            yield compared(_TABLE, f"{name}, {score}", line.get(score), percent)
        for attack, spec in specs.items():
            percent = held_share(archive, name, attack)
            yield compared(_TABLE, f"{name}, {spec.label}", line.get(spec.label), percent)


def held_share(archive: ModelArchive, name: str, attack: str) -> float | None:
    """The texts that a model holds under an attack, in percent of all; None without any."""
    (held,) = archive.query(_HELD, (name, archive.attacks[attack][0])).fetchone()
    return None if held is None else 100 * float(held)


def compared(table: str, place: str, printed: str | None, counted: float | None) -> Problem | None:
    """What is wrong with a number of a table; None where it is the one that was counted.

    Args:
        table: The file.
        place: Where it stands there.
        printed: The number as it stands there.
        counted: What it has to be; None for nothing.
    """
    try:
        if counted is not None and abs(float(printed or "") - counted) < TOLERANCE:
            return None
    except ValueError:
        pass
    given = "nothing" if counted is None else f"{counted:.4f}"
    return Problem(table, f"{place}: {printed} stands there, the texts give {given}")

"""`check`: the whole folder of a run, from its files to the end of its search."""

import sqlite3
from dataclasses import dataclass

from kdnas.archive.reading import no_run, reading
from kdnas.run_folder import RunFolder
from kdnas.verify.archive import Contents, content_problems
from kdnas.verify.database import database_problems, unreadable
from kdnas.verify.files import state_problems, weight_problems
from kdnas.verify.problem import Problem


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        problems: Everything that is wrong; none for a sound run.
        students, reports, texts: How many the archive holds; 0 where it cannot be read.
    """

    problems: tuple[Problem, ...]
    students: int = 0
    reports: int = 0
    texts: int = 0


def check(folder: RunFolder) -> Verdict:
    """Check the folder of a run; nothing is written into it.

    A run that goes on meanwhile is seen as it is at one moment.

    Raises:
        UserError: There is no archive, or a run writes into it without a pause.
    """
    if not folder.archive.is_file():
        raise no_run(folder.archive)
    weights = sorted(folder.students.glob("*.safetensors"))
    verdict, parameters = _archive_verdict(folder)
    files = (*state_problems(folder.path), *weight_problems(weights, parameters))
    return Verdict((*verdict.problems, *files), verdict.students, verdict.reports, verdict.texts)


def _archive_verdict(folder: RunFolder) -> tuple[Verdict, dict[str, int | None] | None]:
    """What the archive is like, and the parameters of its students by key if it can be read."""
    try:
        with reading(folder.archive) as db:
            broken = database_problems(db)
            if broken:
                return Verdict(tuple(broken)), None
            contents = Contents.of(db)
            (texts,) = db.execute("SELECT count(*) FROM texts").fetchone()
            problems = tuple(content_problems(contents))
    except sqlite3.Error as error:
        return Verdict((unreadable(error),)), None
    parameters = {row["key"]: row["parameters"] for row in contents.students.values()}
    return Verdict(problems, len(contents.students), len(contents.reports), texts), parameters

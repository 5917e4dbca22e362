"""The table over the tasks of a comparison, and beside what a source prints."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean, stdev

import numpy as np

from kdnas.analysis.paper import Estimate, PaperTable, Printed, printed, write_table
from kdnas.analysis.paper.table import Cell
from kdnas.config import Config, short_name, task_configs
from kdnas.errors import UserError
from kdnas.metrics import TASK_METRICS, points
from kdnas.study.material import Study, Taught

Row = tuple[str, str]
"""Names of a student and a method; the teacher has none."""

_TEACHER = "teacher"


@dataclass(frozen=True)
class Overview:
    """What the tables over tasks are made of.

    Attributes:
        config: The whole comparison.
        studies: That of each task by its name; those of which there is something.
    """

    config: Config
    studies: Mapping[str, Study]

    @cached_property
    def printed(self) -> Printed | None:
        """The numbers that a source prints."""
        name = self.config.compare.printed
        return None if name is None else printed(name)

    @cached_property
    def columns(self) -> tuple[Row, ...]:
        """The task of each column and what it is scored by: as printed, or by its metric."""
        if self.printed is not None:
            return self.printed.columns
        return tuple((c.task.name, c.task.metric) for c in task_configs(self.config).values())

    @property
    def labels(self) -> list[str]:
        """What the columns are called."""
        return [self._label(task, score) for task, score in self.columns]

    def _label(self, task: str, score: str) -> str:
        if score in TASK_METRICS:
            return f"{short_name(task)} {TASK_METRICS[score].label}"
        study = self.studies.get(task)
        return f"{short_name(task)} {study.labels.get(score, score) if study else score}"

    @property
    def rows(self) -> list[Row]:
        """Students and methods, the teacher first, then those that are printed only."""
        taught = [row for study in self.studies.values() for row in _of(study)]
        first = [row for row in taught if row[0] == _TEACHER]
        return list(dict.fromkeys([*first, *taught, *(self.printed.rows if self.printed else ())]))

    @property
    def has_average(self) -> bool:
        """Whether the columns have an average: that of the printed table, or of several tasks."""
        return bool(self.printed.averages) if self.printed else len(self.columns) > 1


def tasks_table(overview: Overview) -> PaperTable:
    """Scores of every student by every method on every task, with the average over tasks.

    Raises:
        UserError: Nothing is printed of a comparison of one task.
    """
    source = overview.printed
    if source is None and not overview.config.compare.tasks:
        raise UserError("nothing is printed of this comparison: compare.printed names a table")
    rows: list[tuple[Cell, ...]] = []
    for row in overview.rows:
        here = _line(overview, row)
        if any(cell is not None for cell in here):
            rows.append((row[0], row[1] or None, "here", *here))
        if source is not None and row in source.rows:
            rows.append((row[0], row[1] or None, "printed", *_printed_line(source, row)))
    average = ("average",) if overview.has_average else ()
    header = ("student", "method", "scores", *overview.labels, *average)
    title = "Ways of teaching over tasks" if average else "Beside what is printed"
    return PaperTable("tasks", title, header, tuple(rows), _notes(overview))


def _line(overview: Overview, row: Row) -> tuple[Cell, ...]:
    """The scores of a row here, and their average where every column has one."""
    found = [_taught(overview, task, row) for task, _ in overview.columns]
    pairs = list(zip(found, (score for _, score in overview.columns), strict=True))
    cells = [_estimate(each, score) for each, score in pairs]
    if not overview.has_average:
        return tuple(cells)
    each = [_trainings(taught, score) for taught, score in pairs if taught is not None]
    whole = len(each) == len(pairs)
    return (*cells, _average(each, overview.printed) if whole else None)


def _average(columns: Sequence[np.ndarray], source: Printed | None) -> Estimate:
    """The mean of columns and constants; its error is that of trainings, one of each task."""
    constants = source.constants if source else ()
    means = [fmean([*some, *constants]) for some in zip(*columns, strict=False)]
    error = stdev(means) / len(means) ** 0.5 if len(means) > 1 else None
    return Estimate(fmean([*(column.mean() for column in columns), *constants]), error)


def _taught(overview: Overview, task: str, row: Row) -> Taught | None:
    study = overview.studies.get(task)
    return None if study is None else _of(study).get(row)


def _of(study: Study) -> dict[Row, Taught]:
    """What is there of a study, by student and method."""
    teacher = {(_TEACHER, ""): study.teacher} if study.teacher else {}
    return {**teacher, **{(each.student, each.method): each for each in study.taught}}


def _estimate(taught: Taught | None, score: str) -> Estimate | None:
    """A score in points, of a task or under an attack; None where there is none."""
    if taught is None:
        return None
    if score in TASK_METRICS:
        return replace(taught.answers, metric=score).score
    under = taught.scores.get(score)
    return None if under is None else under.robustness


def _trainings(taught: Taught, score: str) -> np.ndarray:
    """The score of each training in points, (trainings,)."""
    if score in TASK_METRICS:
        return replace(taught.answers, metric=score).each()
    return points(taught.scores[score].held.mean(axis=1))


def _printed_line(source: Printed, row: Row) -> tuple[Cell, ...]:
    values = [*source.rows[row], *([source.averages[row]] if source.averages else ())]
    return tuple(f"{value:g}" for value in values)


def _notes(overview: Overview) -> tuple[str, ...]:
    source = overview.printed
    notes = ["Points, mean ± standard error over texts and trainings, of each task's report-val."]
    if overview.has_average:
        constants = "".join(f" and {value:g}" for value in source.constants) if source else ""
        notes.append(
            f"Average: the mean of the columns{constants}, ± standard error over trainings."
        )
    if source is not None:
        notes += [f"Printed: {source.source}.", *filter(None, [source.note])]
    caveats = (line for study in overview.studies.values() for line in study.caveat)
    return (*notes, *dict.fromkeys(caveats))


def _write(overview: Overview, folder: Path, name: str) -> list[Path]:
    return write_table(tasks_table(overview), folder, name)


OVER_TASKS: dict[str, Callable[[Overview, Path, str], list[Path]]] = {"tasks": _write}
"""The outputs of all tasks together by name."""

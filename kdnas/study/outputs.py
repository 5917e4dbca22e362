"""The tables and figures of a study by name."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kdnas.analysis import save_figure
from kdnas.analysis.figures import methods
from kdnas.analysis.paper import PaperTable, write_outputs, write_table
from kdnas.errors import UserError
from kdnas.metrics import headline
from kdnas.study.made import made_table
from kdnas.study.material import Study
from kdnas.study.tables import NOT_ATTACKED, methods_table, tests_table


def write_study(
    study: Study, folder: Path, names: Sequence[str] | None = None
) -> tuple[list[Path], dict[str, str]]:
    """Write the outputs of these names (default: all) that are possible.

    Returns:
        The files, and why what could not be made is missing, by name.

    Raises:
        UserError: There is no such output, or a file cannot be written.
    """
    return write_outputs(OUTPUTS, study, folder, names)


def _table(
    make: Callable[[Study], PaperTable], study: Study, folder: Path, name: str
) -> list[Path]:
    table = make(study)
    return write_table(replace(table, notes=(*table.notes, *study.caveat)), folder, name)


def _figure(study: Study, folder: Path, name: str) -> list[Path]:
    if study.of_numbers:
        raise UserError(NOT_ATTACKED)
    attack = next(iter(study.labels))
    panels: dict[str, list[methods.Point]] = {}
    for each in study.taught:
        if attack in each.scores:
            point = methods.Point(each.method, each.answers.score, each.scores[attack].robustness)
            panels.setdefault(each.student, []).append(point)
    if not panels:
        raise UserError("no student has scores yet")
    score = headline(study.metric).axis
    draw = partial(methods.draw, panels, score, study.labels[attack], study.caveat)
    return save_figure(draw, folder, name)


OUTPUTS: dict[str, Callable[[Study, Path, str], list[Path]]] = {
    "methods": partial(_table, methods_table),
    "tests": partial(_table, tests_table),
    "made-texts": partial(_table, made_table),
    "trade-off": _figure,
}

"""The tables and figures of a reproduction by name, from its archives alone."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from kdnas.analysis import save_figure
from kdnas.analysis.figures import compared, process, searches, strength, structure
from kdnas.analysis.paper import (
    LABELS,
    PaperTable,
    Scores,
    as_csv,
    as_latex,
    as_markdown,
    reported,
    table1,
    table2,
    table3,
    table4,
    table5,
)
from kdnas.archive import Row
from kdnas.errors import UserError
from kdnas.reproduce import extras
from kdnas.reproduce.material import Material
from kdnas.reproduce.models import sweep_name
from kdnas.reproduce.searches import UNIFORM, WEIGHTED

BEST = "searched: best fitness"
_FORMS = {".md": as_markdown, ".csv": as_csv, ".tex": as_latex}

Draw = Callable[[Path, str], list[Path]]


def write_outputs(
    material: Material, folder: Path, names: Sequence[str] | None = None
) -> tuple[list[Path], dict[str, str]]:
    """Write the outputs of these names (default: all) that are possible.

    Returns:
        The files, and why what could not be made is missing, by name.

    Raises:
        UserError: There is no such output.
    """
    unknown = [name for name in names or () if name not in OUTPUTS]
    if unknown:
        raise UserError(f"no output {unknown[0]!r}; there are {', '.join(OUTPUTS)}")
    files: list[Path] = []
    missing: dict[str, str] = {}
    for name in OUTPUTS if names is None else names:
        try:
            files += OUTPUTS[name](material, folder, name)
        except UserError as error:
            missing[name] = str(error)
    return files, missing


def _table(
    make: Callable[[Material], PaperTable], material: Material, folder: Path, name: str
) -> list[Path]:
    """A table in its three forms."""
    table = make(material)
    if not table.rows:
        raise UserError("no line of it has scores yet")
    folder.mkdir(parents=True, exist_ok=True)
    noted = PaperTable(name, table.title, table.header, table.rows, (*table.notes, *material.notes))
    files = [folder / f"{name}{ending}" for ending in _FORMS]
    for file, form in zip(files, _FORMS.values(), strict=True):
        file.write_text(form(noted))
    return files


def _table1(m: Material) -> PaperTable:
    return table1(m.direct, reported(m.config.task.name))


def _table2(m: Material) -> PaperTable:
    beside = reported(m.config.task.name) is reported("sst2")
    return table2(m.transfers, m.students.get(BEST), beside=beside)


def _table3(m: Material) -> PaperTable:
    return table3(m.direct, reported(m.config.task.name))


def _table4(m: Material) -> PaperTable:
    return table4(m.direct, reported(m.config.task.name))


def _table5(m: Material) -> PaperTable:
    return table5(m.direct, reported(m.config.task.name), m.students)


def _figure1(m: Material, folder: Path, name: str) -> list[Path]:
    names = [n for n in ("teacher", "pkd", "cells", "cells-at") if n in m.direct]
    if not names:
        raise UserError("no model has scores yet")
    models: dict[str, Scores] = {LABELS[n]: m.direct[n] for n in names}
    ours = {what: m.direct[n] for what, n in m.students.items() if what.startswith("searched")}
    context = m.run(WEIGHTED).context
    return save_figure(partial(compared.draw, models, _merged(ours), context), folder, name)


def _merged(ours: dict[str, Scores]) -> dict[str, Scores]:
    """One entry for each student, under all that it is."""
    names: dict[str, list[str]] = {}
    for what, scores in ours.items():
        names.setdefault(scores.name, []).append(what.removeprefix("searched: "))
    by_name = {scores.name: scores for scores in ours.values()}
    return {", ".join(roles): by_name[name] for name, roles in names.items()}


def _figure5(m: Material, folder: Path, name: str) -> list[Path]:
    run = m.run(WEIGHTED)
    return save_figure(partial(process.draw, run.rows, run.context), folder, name)


def _trained(m: Material) -> dict[float, Scores]:
    m.require("pkd")
    found = {0.0: m.direct["pkd"]}
    for share in (m.config.reproduce.strength, *m.config.reproduce.strengths):
        if sweep_name(share) in m.direct:
            found[share] = m.direct[sweep_name(share)]
    return found


def _figure6(m: Material, folder: Path, name: str) -> list[Path]:
    run, trained = m.run(WEIGHTED), _trained(m)
    limits = strength.common_limits(trained, run.rows, run.context)
    if name == "figure6a":
        if len(trained) < 2:
            raise UserError("no scores of PKD after adversarial training yet")
        draw = partial(strength.draw_trained, trained, limits, run.context)
    else:
        if not strength.similar(run.rows, run.context):
            raise UserError(f"no student keeps the accuracy floor of {run.context.floor:.3f}")
        draw = partial(strength.draw_searched, run.rows, limits, run.context)
    return save_figure(draw, folder, name)


def _archives(m: Material) -> dict[str, list[Row]]:
    """The weighted search and the uniform draws, as the figures name them."""
    names = {WEIGHTED: "weighted search", UNIFORM: "uniform draws"}
    found = {told: m.runs[name].rows for name, told in names.items() if name in m.runs}
    if WEIGHTED not in m.runs:
        m.run(WEIGHTED)
    return found


def _figure7(m: Material, folder: Path, name: str) -> list[Path]:
    context = m.run(WEIGHTED).context
    return save_figure(partial(structure.draw_graph, _archives(m), context), folder, name)


def _layers(metric: str, m: Material, folder: Path, name: str) -> list[Path]:
    context = m.run(WEIGHTED).context
    draw = partial(structure.draw_layers, _archives(m), metric, context)
    return save_figure(draw, folder, name)


def _searches(m: Material, folder: Path, name: str) -> list[Path]:
    names = ("weighted", "pareto", "random-edits")
    runs = {n: m.runs[n].rows for n in names if n in m.runs}
    context = m.run(WEIGHTED).context
    return save_figure(partial(searches.draw, runs, context), folder, name)


OUTPUTS: dict[str, Callable[[Material, Path, str], list[Path]]] = {
    "table1": partial(_table, _table1),
    "table2": partial(_table, _table2),
    "table3": partial(_table, _table3),
    "table4": partial(_table, _table4),
    "table5": partial(_table, _table5),
    "figure1": _figure1,
    "figure5": _figure5,
    "figure6a": _figure6,
    "figure6b": _figure6,
    "figure7": _figure7,
    "figure8": partial(_layers, "accuracy"),
    "figure9": partial(_layers, "robustness"),
    "front": partial(_table, extras.front),
    "floor": partial(_table, extras.floor),
    "weights": partial(_table, extras.weights),
    "correlations": partial(_table, extras.structure),
    "attacks": partial(_table, extras.attacks),
    "mcnemar": partial(_table, extras.significance),
    "searches": _searches,
}
"""What can be made; the first twelve are the paper's."""

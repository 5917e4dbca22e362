"""The tables and figures of a reproduction by name, from its archives alone."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from kdnas.analysis import save_figure
from kdnas.analysis.figures import compared, process, searches, strength, structure
from kdnas.analysis.paper import (
    LABELS,
    PaperTable,
    Scores,
    table1,
    table3,
    table4,
    write_table,
)
from kdnas.errors import UserError
from kdnas.metrics import ACCURACY, ROBUSTNESS, Metric
from kdnas.reproduce import model_tables, search_tables
from kdnas.reproduce.material import Material
from kdnas.reproduce.models import sweep_name
from kdnas.reproduce.searches import NO_FLOOR, UNIFORM, WEIGHTED, search_configs
from kdnas.runs import Row

_ERRORS = (
    "Points; accuracy and robustness: mean ± standard error over texts and trainings, others: over "
    "trainings."
)


def _table(
    notes: Callable[[Material], tuple[str, ...]],
    make: Callable[[Material], PaperTable],
    material: Material,
    folder: Path,
    name: str,
) -> list[Path]:
    """A table in its three forms."""
    table = make(material)
    noted = replace(table, notes=(*table.notes, *notes(material), *material.caveat))
    return write_table(noted, folder, name)


def _figure1(m: Material, folder: Path, name: str) -> list[Path]:
    kinds: dict[str, dict[str, Scores]] = {}
    for what, model in model_tables.named(m).items():
        kind, _, which = what.rpartition(": ")
        kinds.setdefault(kind or "baselines", {})[which] = m.direct[model]
    if not kinds:
        raise UserError("no model has scores yet")
    context = replace(m.run(WEIGHTED).context, title="on report-val")
    return save_figure(partial(compared.draw, kinds, context), folder, name)


def _figure5(m: Material, folder: Path, name: str) -> list[Path]:
    run = m.run(WEIGHTED)
    return save_figure(partial(process.draw, run.rows, run.context), folder, name)


def _trained(m: Material) -> dict[float, Scores]:
    """PKD after adversarial training by strength; the first training, all have only that."""
    m.require("pkd")
    found = {0.0: m.direct["pkd"].first}
    for share in (m.config.reproduce.strength, *m.config.reproduce.strengths):
        if sweep_name(share) in m.direct:
            found[share] = m.direct[sweep_name(share)].first
    return found


def _figure6(m: Material, folder: Path, name: str) -> list[Path]:
    run, trained = m.run(WEIGHTED), _trained(m)
    limits = strength.common_limits(trained, run.rows, run.context)
    if name == "figure6a":
        if len(trained) < 2:
            raise UserError("no scores of PKD after adversarial training yet")
        context = replace(run.context, title=f"{LABELS['pkd']} after adversarial training")
        draw = partial(strength.draw_trained, trained, limits, context)
    else:
        if not strength.similar(run.rows, run.context):
            raise UserError(f"no student keeps the accuracy floor of {run.context.floor:.3f}")
        draw = partial(strength.draw_searched, run.rows, limits, run.context)
    return save_figure(draw, folder, name)


def _archives(m: Material) -> dict[str, list[Row]]:
    """The weighted search and the uniform draws, as the figures name them."""
    names = {WEIGHTED: "weighted search", UNIFORM: "uniform draws"}
    return {told: m.runs[name].rows for name, told in names.items() if name in m.runs}


def _figure7(m: Material, folder: Path, name: str) -> list[Path]:
    context = m.run(WEIGHTED).context
    return save_figure(partial(structure.draw_graph, _archives(m), context), folder, name)


def _layers(metric: Metric, m: Material, folder: Path, name: str) -> list[Path]:
    context = m.run(WEIGHTED).context
    draw = partial(structure.draw_layers, _archives(m), metric, context)
    return save_figure(draw, folder, name)


def _searches(m: Material, folder: Path, name: str) -> list[Path]:
    names = [name for name in search_configs(m.config) if name != NO_FLOOR]
    runs = {name: m.runs[name].rows for name in names if name in m.runs}
    draw = partial(searches.draw, runs, search_tables.common_context(m))
    return [*_search_table(search_tables.searches_table, m, folder, name),
            *save_figure(draw, folder, name)]  # fmt: skip


_model_table = partial(_table, lambda m: (f"{m.model_note} {_ERRORS}",))
_count_table = partial(_table, lambda m: (m.model_note,))
_search_table = partial(_table, lambda m: (m.search_note,))

OUTPUTS: dict[str, Callable[[Material, Path, str], list[Path]]] = {
    "table1": partial(_model_table, lambda m: table1(m.direct, m.paper)),
    "table2": partial(_model_table, model_tables.transfers_table),
    "table3": partial(_model_table, lambda m: table3(m.direct, m.paper)),
    "table4": partial(_model_table, lambda m: table4(m.direct, m.paper)),
    "table5": partial(_model_table, model_tables.everything_table),
    "figure1": _figure1,
    "figure5": _figure5,
    "figure6a": _figure6,
    "figure6b": _figure6,
    "figure7": _figure7,
    "figure8": partial(_layers, ACCURACY),
    "figure9": partial(_layers, ROBUSTNESS),
    "attacks": partial(_model_table, model_tables.attacks_table),
    "mcnemar": partial(_count_table, model_tables.mcnemar_table),
    "variance": partial(_count_table, model_tables.variance_table),
    "searches": _searches,
    "front": partial(_search_table, search_tables.front_table),
    "floor": partial(_search_table, search_tables.floor_table),
    "weights": partial(_search_table, search_tables.weights_table),
    "correlations": partial(_search_table, search_tables.structure_table),
    "splits": partial(_table, lambda m: (), search_tables.splits_table),
}
"""What can be made; the first twelve are the paper's."""

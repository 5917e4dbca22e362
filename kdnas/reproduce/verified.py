"""Whether a reproduction is sound: its searches, its models and its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from kdnas.analysis.paper import LABELS, write_outputs
from kdnas.reproduce.finalists import BEST
from kdnas.reproduce.material import Material, read_material
from kdnas.reproduce.models import sweep_name
from kdnas.reproduce.outputs import OUTPUTS
from kdnas.reproduce.recounted import table_problems
from kdnas.runs import MODELS_FILE, ModelArchive, RunFolder, stored_config
from kdnas.verify import Problem, check, model_problems, redrawn_problems, seal_problems

TABLES = tuple(n for n in OUTPUTS if not n.startswith("figure") and n != "weights")
"""Those that follow from the archives alone; the sweep of the weights has settings of its own."""


@dataclass(frozen=True)
class ReproductionVerdict:
    """What was found.

    Attributes:
        problems: Everything that is wrong; none for a sound reproduction.
        searches, models, numbers: How many were looked at, searches where there is a student;
            numbers are those of the tables.
        counts_only: Trials of each search whose predictions were not kept, by its name.
    """

    problems: tuple[Problem, ...]
    searches: int
    models: int
    numbers: int
    counts_only: Mapping[str, int] = field(default_factory=dict)


def check_reproduction(folder: Path) -> ReproductionVerdict:
    """Check the folder of a reproduction; nothing is written into it.

    Raises:
        UserError: Something writes into it without a pause.
    """
    problems: list[Problem] = []
    counts_only: dict[str, int] = {}
    searches = 0
    for archive in sorted(folder.glob("*/archive.sqlite")):
        name = archive.parent.name
        found = check(RunFolder(archive.parent))
        problems += [
            replace(problem, place=f"{name}: {problem.place}") for problem in found.problems
        ]
        counts_only |= {name: found.counts_only} if found.counts_only else {}
        searches += found.students > 0
    problems += model_problems(folder)
    if problems:
        return ReproductionVerdict(tuple(problems), searches, 0, 0)
    with ModelArchive.read(folder / MODELS_FILE) as models:
        config, trained = stored_config(models), len(models.models())
    if not trained:
        return ReproductionVerdict((), searches, 0, 0, counts_only)
    material, results = read_material(config, folder), folder / "results"
    if material.gone:
        gone = tuple(
            Problem(name, "the search is gone, but its models are there") for name in material.gone
        )
        return ReproductionVerdict(gone, searches, trained, 0)
    wrong, numbers = table_problems(folder / MODELS_FILE, results, _names(material))
    write = partial(write_outputs, OUTPUTS, material)
    wrong += redrawn_problems(write, TABLES, results)
    wrong = wrong or seal_problems(folder)
    return ReproductionVerdict(tuple(wrong), searches, trained, numbers, counts_only)


def _names(material: Material) -> dict[str, str]:
    """Names of models by what the tables call them, as far as they are not always the same."""
    adversarial = sweep_name(material.config.reproduce.strength)
    names = {**material.students, LABELS["pkd-at"]: adversarial}
    return names | ({"searched": material.roles[BEST]} if BEST in material.roles else {})

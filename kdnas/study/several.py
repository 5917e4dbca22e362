"""A whole comparison: of one task, or of several, each a study in a folder of its own."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kdnas.analysis.paper import require_known, write_outputs
from kdnas.comparison import Site
from kdnas.config import STORED, Config, short_name, task_configs
from kdnas.errors import UserError
from kdnas.runs import FILE_NAME, MODELS_FILE, SETTINGS_FILE, require_own
from kdnas.study.material import read_study
from kdnas.study.outputs import OUTPUTS, write_study
from kdnas.study.over_tasks import OVER_TASKS, Overview
from kdnas.study.run import run_study
from kdnas.writing import write_whole


def is_of_tasks(folder: Path) -> bool:
    """Whether a folder holds a comparison of several tasks."""
    return (folder / SETTINGS_FILE).is_file()


def run_comparison(config: Config, site: Site) -> None:
    """Run whatever of a comparison is missing, one task after the other; tasks may be added.

    Args:
        config: The comparison.
        site: As for `run_study`; each of several tasks has a folder in the site's.

    Raises:
        UserError: As `run_study` does.
    """
    folder = site.folder
    if not config.compare.tasks:
        if is_of_tasks(folder):
            raise UserError(f"{folder} holds a comparison of several tasks: choose another --out")
        run_study(config, site)
        return
    configs = task_configs(config)
    _begin(config, folder, resume=site.resume)
    for name, each in configs.items():
        site.listener.part(f"task {name}")
        there = (folder / name / MODELS_FILE).is_file()
        run_study(each, replace(site, folder=folder / name, resume=site.resume and there))


def _begin(config: Config, folder: Path, *, resume: bool) -> None:
    """Record the settings; what may not change is compared in the folder of each task."""
    for file in (FILE_NAME, MODELS_FILE):
        if (folder / file).exists():
            raise UserError(f"{folder} holds a search or one task alone: choose another --out")
    if resume and not is_of_tasks(folder):
        raise UserError(f"no comparison in {folder} to go on with: leave out --resume")
    if is_of_tasks(folder) and not resume:
        raise UserError(f"{folder} holds a comparison: add --resume, or choose another --out")
    require_own(folder)
    settings = json.dumps(config.model_dump(mode="json"), indent=1)
    write_whole(folder / SETTINGS_FILE, settings.encode())


def read_overview(config: Config | None, folder: Path) -> Overview:
    """What is there of a comparison.

    Args:
        config: What it has to be; None for whatever it is.
        folder: Its folder.

    Raises:
        UserError: It is another one, or no model is there yet.
    """
    if config is None and is_of_tasks(folder):
        config = settings_of(folder)
    if config is None or not config.compare.tasks:
        study = read_study(config, folder)
        return Overview(study.config, {study.config.task.name: study})
    begun = {n: c for n, c in task_configs(config).items() if (folder / n / MODELS_FILE).is_file()}
    studies = {each.task.name: read_study(each, folder / name) for name, each in begun.items()}
    if not studies:
        raise UserError(f"no model in {folder} yet: go on with --resume")
    return Overview(config, studies)


def settings_of(folder: Path) -> Config:
    """The settings of a comparison of several tasks.

    Raises:
        UserError: They are damaged.
    """
    try:
        content = json.loads((folder / SETTINGS_FILE).read_bytes())
        return Config.model_validate(content, context=STORED)
    except (OSError, ValueError) as error:
        raise UserError(f"{folder / SETTINGS_FILE} cannot be read: it is damaged") from error


def write_comparison(
    overview: Overview, folder: Path, names: Sequence[str] | None = None
) -> tuple[list[Path], dict[str, str]]:
    """Write the outputs of these names (default: all) that are possible.

    Args:
        overview: What is there.
        folder: That of the comparison; what is of one of several tasks is in the task's.
        names: In `OUTPUTS`, of each task, and `OVER_TASKS`.

    Returns:
        The files, and why what could not be made is missing, by name.

    Raises:
        UserError: There is no such output, or a file cannot be written.
    """
    require_known([*OUTPUTS, *OVER_TASKS], names or ())
    own, over = (
        [n for n in outputs if names is None or n in names] for outputs in (OUTPUTS, OVER_TASKS)
    )
    files: list[Path] = []
    missing: dict[str, str] = {}
    several = bool(overview.config.compare.tasks)
    for task, study in overview.studies.items():
        place = folder / short_name(task) if several else folder
        found, reasons = write_study(study, place / "results", own)
        files += found
        missing |= {f"{task} {n}" if several else n: why for n, why in reasons.items()}
    if several or overview.printed or names:
        found, reasons = write_outputs(OVER_TASKS, overview, folder / "results", over)
        files, missing = files + found, missing | reasons
    return files, missing

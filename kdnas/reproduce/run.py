"""A whole reproduction, resumable at every step."""

from pathlib import Path

from kdnas.archive import MODELS_FILE, ModelArchive
from kdnas.config import STORED, Config
from kdnas.errors import UserError
from kdnas.lock import RunLock
from kdnas.reproduce.build import build_models
from kdnas.reproduce.finalists import BEST, finalists, read_runs
from kdnas.reproduce.models import CELLS, GROWING, PATIENT, TEACHER, compared_models, student_name
from kdnas.reproduce.searches import Crew, run_searches
from kdnas.reproduce.transfers import transfer_matrix
from kdnas.reproduce.watcher import Watcher
from kdnas.run_folder import require_same


def reproduce(config: Config, folder: Path, crew: Crew, watcher: Watcher, *, resume: bool) -> None:
    """Run whatever of a reproduction is missing in `folder`.

    Args:
        config: The reproduction.
        folder: Where its archives, models and weights are.
        crew: Who trains.
        watcher: Is told of every student and model.
        resume: Whether `folder` may hold a part of it.

    Raises:
        UserError: The folder holds another reproduction, or a part of this one and `resume` is
            false; or something has to be mended. What is finished stays.
    """
    with RunLock(folder), ModelArchive.open(folder / MODELS_FILE) as archive:
        _require_right(config, folder, archive, resume=resume)
        run_searches(config, folder, crew, watcher)
        chosen = finalists(read_runs(folder))
        students = {arch.key: arch.to_json() for arch in chosen.values()}
        models = compared_models(config.reproduce, students)
        watcher.models(len(models))
        build_models(config, folder, archive, models, crew.jobs, watcher.model)
        names = [TEACHER, CELLS, PATIENT]
        names += [student_name(chosen[BEST].key)] if BEST in chosen else []
        transfer_matrix(config, folder, archive, names, watcher.pair)


def _require_right(config: Config, folder: Path, archive: ModelArchive, *, resume: bool) -> None:
    """Refuse a folder of another reproduction; one that ended before its first student is none."""
    stored = archive.config()
    if stored is None or not (archive.models() or read_runs(folder)):
        archive.set_config(config.model_dump(mode="json"))
        return
    if not resume:
        raise UserError(f"{folder} holds a reproduction: add --resume, or choose another --out")
    require_same(folder, Config.model_validate(stored, context=STORED), config, GROWING)

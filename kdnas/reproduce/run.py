"""A whole reproduction, resumable at every step."""

from pathlib import Path
from typing import Protocol

from kdnas.archive import MODELS_FILE, ModelArchive
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.lock import RunLock
from kdnas.reproduce.build import build_models, transfer_matrix
from kdnas.reproduce.finalists import finalists, read_runs
from kdnas.reproduce.models import CELLS, PATIENT, TEACHER, Model, compared_models, student_name
from kdnas.reproduce.outputs import BEST
from kdnas.reproduce.searches import run_searches
from kdnas.run_folder import require_same
from kdnas.status import Observer


class Watcher(Observer, Protocol):
    """Who is told how a reproduction gets on, besides what an `Observer` is told."""

    def search(self, name: str) -> None:
        """A search starts or goes on."""
        ...

    def model(self, model: Model, done: int, total: int) -> None:
        """A model was trained and attacked."""
        ...

    def pair(self, done: int, total: int) -> None:
        """A transfer is done."""
        ...


def reproduce(config: Config, folder: Path, jobs: int, watcher: Watcher, *, resume: bool) -> None:
    """Run whatever of a reproduction is missing in `folder`.

    Args:
        config: The reproduction.
        folder: Where its archives, models and weights are.
        jobs: Processes.
        watcher: Is told of every student and model.
        resume: Whether `folder` may hold a part of it.

    Raises:
        UserError: The folder holds another reproduction, or a part of this one and `resume` is
            false; or something has to be mended. What is finished stays.
    """
    path = folder / MODELS_FILE
    if path.exists() and not resume:
        raise UserError(f"{folder} holds a reproduction: add --resume, or choose another --out")
    with RunLock(folder), ModelArchive.open(path) as archive:
        stored = archive.config()
        if stored is None:
            archive.set_config(config.model_dump(mode="json"))
        else:
            require_same(folder, Config.model_validate(stored), config)
        run_searches(config, folder, jobs, watcher, watcher.search)
        chosen = finalists(read_runs(folder))
        students = {arch.key: arch.to_json() for arch in chosen.values()}
        models = compared_models(config.reproduce, students)
        build_models(config, folder, archive, models, jobs, watcher.model)
        names = [TEACHER, CELLS, PATIENT]
        names += [student_name(chosen[BEST].key)] if BEST in chosen else []
        transfer_matrix(config, folder, archive, names, watcher.pair)

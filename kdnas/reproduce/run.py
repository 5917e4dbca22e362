"""A whole reproduction, resumable at every step."""

from functools import partial
from pathlib import Path

from kdnas.comparison import TEACHER, Crew, Trainings, build_models
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.progress import NOBODY, Listener
from kdnas.reproduce.finalists import BEST, finalists, read_runs
from kdnas.reproduce.models import (
    CELLS,
    GROWING,
    PATIENT,
    compared_attacks,
    compared_models,
    student_name,
)
from kdnas.reproduce.searches import WEIGHTED, run_searches
from kdnas.reproduce.transfers import transfer_matrix
from kdnas.runs import (
    FILE_NAME,
    MODELS_FILE,
    Archive,
    ModelArchive,
    RunFolder,
    beginning,
    held,
    require_same,
    stored_config,
)


def reproduce(
    config: Config,
    folder: Path,
    crew: Crew,
    listener: Listener = NOBODY,
    *,
    resume: bool,
    take_over: bool = False,
) -> None:
    """Run whatever of a reproduction is missing in `folder`.

    Args:
        config: The reproduction.
        folder: Where its archives, models and weights are.
        crew: Who trains.
        listener: Is told of every student and model.
        resume: Whether `folder` holds a part of it.
        take_over: Whether to take `folder` from a silent process on another machine.

    Raises:
        UserError: The folder holds another reproduction, or a part of this one and `resume` is
            false, or none and it is true; or something has to be mended. What is finished stays.
    """
    with (
        held(folder, take_over=take_over) as lock,
        _opened(folder / MODELS_FILE, config, resume=resume) as archive,
    ):
        archive.before_write = lock.require_mine
        _require_right(config, folder, archive, resume=resume)
        archive.begin()
        run_searches(config, folder, crew, listener, take_over=take_over)
        _record_origin(archive, RunFolder(folder / WEIGHTED).archive)
        chosen = finalists(read_runs(folder))
        students = {arch.key: arch.to_json() for arch in chosen.values()}
        models = compared_models(config, students)
        trainings = Trainings(config, folder, models, compared_attacks(config))
        build_models(trainings, archive, crew, listener)
        names = [TEACHER.name, CELLS, PATIENT]
        names += [student_name(chosen[BEST].key)] if BEST in chosen else []
        shown = partial(listener.counted, "transfers", "transfer")
        transfer_matrix(config, folder, archive, names, shown)
        archive.end()


def _opened(path: Path, config: Config, *, resume: bool) -> ModelArchive:
    """The store of the comparison, made where there is none."""
    if path.exists():
        return ModelArchive.open(path)
    if path.with_name(FILE_NAME).exists():
        raise UserError(f"{path.parent} holds a search: choose another --out")
    if resume:
        raise UserError(f"no reproduction in {path.parent} to go on with: leave out --resume")
    return ModelArchive.create(path, **beginning(config))


def _require_right(config: Config, folder: Path, archive: ModelArchive, *, resume: bool) -> None:
    """Refuse a folder of another reproduction; one that ended before its first student is none."""
    if not (archive.models() or read_runs(folder)):
        archive.set_meta(**beginning(config))
        return
    if not resume:
        raise UserError(f"{folder} holds a reproduction: add --resume, or choose another --out")
    require_same(folder, stored_config(archive), config, GROWING)


def _record_origin(archive: ModelArchive, search: Path) -> None:
    """Take over what the searches were made from: the models are made from it too."""
    with Archive.read(search) as searched:
        known = {name: searched.meta(name) for name in ("task", "teacher", "shape")}
        texts = [text for _, text in searched.originals("report")]
        split = searched.splits["report"]
    archive.set_meta(**known)
    archive.record_split("report", split.labels.tolist(), split.classes, texts)

"""A whole study, resumable at every step."""

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from kdnas.comparison import Crew, Trainings, build_models
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.progress import NOBODY, Listener
from kdnas.resources import other_heads
from kdnas.runs import (
    FILE_NAME,
    MODELS_FILE,
    ModelArchive,
    beginning,
    held,
    require_same,
    require_same_code,
    require_same_origin,
    stored_config,
)
from kdnas.study.models import STUDY, growing, study_attacks, study_models


def run_study(
    config: Config,
    folder: Path,
    crew: Crew,
    listener: Listener = NOBODY,
    *,
    resume: bool,
    take_over: bool = False,
) -> None:
    """Run whatever of a study is missing in `folder`.

    Args:
        config: The study.
        folder: Where its archive, models and weights are.
        crew: Who trains.
        listener: Is told of every model.
        resume: Whether `folder` holds a part of it; methods, students and replicates may be added.
        take_over: Whether to take `folder` from a silent process on another machine.

    Raises:
        UserError: The folder holds something else, or a part of this one and `resume` is false, or
            none and it is true; or something has to be mended. What is finished stays.
    """
    models = study_models(config)
    # What is prepared for all is what the first method needs; workers add what another one does.
    method = config.taught_by(config.compare.methods[0]).method
    first = config.distill.model_copy(update={"method": method})
    config = config.model_copy(update={"distill": first})
    with (
        held(folder, take_over=take_over) as lock,
        _opened(folder / MODELS_FILE, config, resume=resume) as archive,
    ):
        archive.before_write = lock.require_mine
        archive.begin()
        _record_origin(config, folder, archive, listener)
        trainings = Trainings(config, folder, models, study_attacks(config))
        build_models(trainings, archive, crew, listener)
        archive.end()


def _opened(path: Path, config: Config, *, resume: bool) -> ModelArchive:
    """The store of the study, made where there is none; one without a model is none."""
    if path.with_name(FILE_NAME).exists():
        raise UserError(f"{path.parent} holds a search: choose another --out")
    if not path.exists():
        if resume:
            raise UserError(f"no comparison in {path.parent} to go on with: leave out --resume")
        with ModelArchive.create(path, **beginning(config)) as made:
            made.set_meta(kind=STUDY)
    with ExitStack() as stack:  # closes what is refused
        archive = stack.enter_context(ModelArchive.open(path))
        if archive.meta("kind") != STUDY:
            raise UserError(f"{path.parent} holds a reproduction: choose another --out")
        if archive.models():
            if not resume:
                raise UserError(
                    f"{path.parent} holds a comparison: add --resume, or choose another --out"
                )
            stored = stored_config(archive)
            require_same(path.parent, stored, config, growing(stored, config))
            require_same_code(archive)
        archive.set_meta(**beginning(config))
        stack.pop_all()
        return archive


def _record_origin(config: Config, folder: Path, archive: ModelArchive, listener: Listener) -> None:
    """Prepare data and teacher, and record what the models are made from."""
    from kdnas.distillation import recipe_of  # these load torch
    from kdnas.evaluation import prepare, require_further
    from kdnas.training import quiet_libraries

    quiet_libraries()
    for method in config.compare.methods:
        own = config.model_copy(update={"distill": config.taught_by(method)})
        require_further(recipe_of(own.distill), own)
    prepared = prepare(config, lambda name: listener.part(f"stage {name}"), listener.remark)
    task, teacher = prepared.task, prepared.teacher.identity
    require_same_origin(folder, archive, task.summary(), teacher)
    for line in other_heads(config.compare.students, task.label_names):
        listener.remark(line)
    prepared.require_taught(config)
    archive.set_meta(task=task.summary(), teacher=teacher, shape=asdict(prepared.shape))
    attacked = task.report.head(0 if task.of_numbers else config.attack.report_texts)
    classes = prepared.shape.classes
    archive.record_split("report", task.report.labels, classes, attacked.texts)

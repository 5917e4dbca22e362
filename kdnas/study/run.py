"""A whole study, resumable at every step."""

from dataclasses import asdict

from kdnas.comparison import STUDY, Contents, Site, Trainings, build_models
from kdnas.config import Config
from kdnas.resources import other_heads
from kdnas.runs import ModelArchive, require_same_origin
from kdnas.study.models import growing, study_attacks, study_models

_STUDY = Contents(STUDY, growing)


def run_study(config: Config, site: Site) -> None:
    """Run whatever of a study is missing; methods, students and replicates may be added.

    Args:
        config: The study.
        site: Its folder, who trains, and who is told.

    Raises:
        UserError: As `Site.opened` does, or something has to be mended. What is finished stays.
    """
    models = study_models(config)
    # What is prepared for all is what the first method needs; workers add what another one does.
    method = config.taught_by(config.compare.methods[0]).method
    first = config.distill.model_copy(update={"method": method})
    config = config.model_copy(update={"distill": first})
    with site.opened(config, _STUDY) as archive:
        _record_origin(config, archive, site)
        build_models(Trainings(config, models, study_attacks(config)), archive, site)


def _record_origin(config: Config, archive: ModelArchive, site: Site) -> None:
    """Prepare data and teacher, and record what the models are made from."""
    from kdnas.distillation import recipe_of  # these load torch
    from kdnas.evaluation import prepare, require_further
    from kdnas.training import quiet_libraries

    quiet_libraries()
    for method in config.compare.methods:
        own = config.model_copy(update={"distill": config.taught_by(method)})
        require_further(recipe_of(own.distill), own)
    say = site.listener
    prepared = prepare(config, lambda name: say.part(f"stage {name}"), say.remark)
    task, teacher = prepared.task, prepared.teacher.identity
    require_same_origin(site.folder, archive, task.summary(), teacher)
    for line in other_heads(config.compare.students, task.label_names):
        say.remark(line)
    prepared.require_taught(config)
    archive.set_meta(task=task.summary(), teacher=teacher, shape=asdict(prepared.shape))
    attacked = task.report.head(0 if task.of_numbers else config.attack.report_texts)
    classes = prepared.shape.classes
    archive.record_split("report", task.report.labels, classes, attacked.texts)

"""What a run is made from, as its archive and its folder keep it."""

import shutil
from dataclasses import asdict

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.evaluation.prepare import Prepared
from kdnas.metrics import descriptions
from kdnas.offline import content_hash
from kdnas.records import Stage
from kdnas.runs import Archive, RunFolder, has_tokenizer
from kdnas.students import for_students, save_tokenizer
from kdnas.tasks import Split
from kdnas.training import answers_of


def record_preparation(archive: Archive, config: Config, prepared: Prepared, floor: float) -> None:
    """Record data, teacher, attack, and what decides about the front of a run.

    Raises:
        UserError: An objective that a user has added is another one than when the run began.
    """
    task = prepared.task
    archive.set_meta(
        task=task.summary(),
        majority_share=prepared.majority_share,
        teacher_accuracy=prepared.teacher_accuracy,
        teacher_predictions=answers_of(prepared.search_logits).tolist(),
        teacher=prepared.teacher.identity,
        shape=asdict(prepared.shape),
        floor=floor,
    )
    spec, classes = prepared.spec, prepared.shape.classes
    archive.record_attacks({} if spec is None else {spec.recipe: spec})
    attacked: dict[Stage, int | None] = {"search": 0, "report": 0}
    if spec is not None:
        attacked = {"search": config.attack.texts, "report": config.attack.report_texts}
    measured: dict[Stage, Split] = {"search": task.search, "report": task.report}
    for name, split in measured.items():
        texts = split.head(attacked[name]).texts
        archive.record_split(name, split.labels, classes, texts)
    _record_metrics(archive, config)


def _record_metrics(archive: Archive, config: Config) -> None:
    """Describe the objectives that a user has added, which a resume has to find as they were."""
    described = descriptions(config.search.objectives)
    for name, before in archive.meta("metrics", {}).items():
        if described.get(name) != before:
            raise UserError(
                f"metric {name} was another one when the run began: bring it back, or start a new"
                " run"
            )
    archive.set_meta(metrics=described)


def keep_tokenizer(folder: RunFolder, archive: Archive, config: Config, prepared: Prepared) -> None:
    """Keep the tokenizer of the students beside their weights, and its checksum in the archive.

    So a student is exported without the teacher, which may be gone by then.

    Raises:
        UserError: It cannot be written.
    """
    if has_tokenizer(folder, archive):
        return
    tokenizer = for_students(prepared.tokenizer)
    tokenizer.model_max_length = config.student.max_length
    try:
        shutil.rmtree(folder.tokenizer, ignore_errors=True)
        save_tokenizer(tokenizer, folder.tokenizer)
        archive.set_meta(tokenizer=content_hash(folder.tokenizer))
    except OSError as error:
        raise UserError(
            f"cannot write {folder.tokenizer}: {error.strerror or error}; free some space or mend"
            " its permissions, then go on with --resume"
        ) from error

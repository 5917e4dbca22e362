"""`fresh_student`: a student of a run before its training."""

from functools import partial
from typing import Any

from kdnas.config import StudentSettings
from kdnas.evaluation.prepare import Prepared
from kdnas.students import Blueprint, StudentForSequenceClassification, build
from kdnas.teachers import student_tables
from kdnas.training import choose_device


def fresh_student(
    prepared: Prepared,
    settings: StudentSettings,
    architecture: Any,
    seed: int,
    form: type[StudentForSequenceClassification] = StudentForSequenceClassification,
) -> Any:
    """Build a student with all that the section `student` says; searched or compared alike.

    Args:
        prepared: The run.
        settings: The section `student`.
        architecture: The architecture, in its canonical form, with its JSON by `to_json`.
        seed: Decides the weights.
        form: The class of the model.
    """
    blueprint = Blueprint(
        shape=prepared.shape,
        labels=prepared.task.label_names,
        token_limit=settings.max_length,
        dropout=settings.dropout,
        device=choose_device(),
    )
    started = settings.emb_init == "teacher_pca"
    tables = partial(student_tables, prepared.teacher) if started else None
    return build(architecture.to_json(), blueprint, seed, tables, form)

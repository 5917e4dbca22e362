"""`fresh_student`: a student of a run before its training."""

from typing import Any, Protocol

from kdnas.config import StudentSettings
from kdnas.evaluation.prepare import Prepared
from kdnas.students import Blueprint, StudentForSequenceClassification, build
from kdnas.teachers import student_tables
from kdnas.training import choose_device


class Buildable(Protocol):
    """An architecture that a student can be built from."""

    @property
    def width(self) -> int:
        """Features of every state."""
        ...

    def to_json(self) -> str:
        """The architecture as JSON."""
        ...


def fresh_student(
    prepared: Prepared,
    settings: StudentSettings,
    architecture: Buildable,
    seed: int,
    form: type[StudentForSequenceClassification] = StudentForSequenceClassification,
) -> Any:
    """Build a student with all that the section `student` says; searched or compared alike.

    Args:
        prepared: The run.
        settings: The section `student`.
        architecture: The architecture, in its canonical form.
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
    tables = student_tables(prepared.teacher, architecture.width) if started else None
    return build(architecture.to_json(), blueprint, seed, tables, form)

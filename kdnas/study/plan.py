"""What a comparison would take, from a short training of each student and attacks on few texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kdnas.comparison import BEGUN
from kdnas.config import Config, DistillSettings
from kdnas.methods import METHODS, AugmentationSettings, Use
from kdnas.resources import BYTES_PER_TEXT
from kdnas.study.models import study_attacks, study_students
from kdnas.study.student import Student

if TYPE_CHECKING:
    from kdnas.evaluation import OnStage
    from kdnas.tasks import Task

ATTACKED = 6
"""Texts that are attacked to time an attack; there is more than one of these for each student."""

_TEXTS: dict[Use, str] = {
    "attacked": "attacked texts",
    "augmented": "texts with synonyms",
    "neighbours": "neighbours of the texts",
    "generator": "a generator of texts",
}


@dataclass(frozen=True)
class StudentTime:
    """Seconds and bytes of a student of a comparison.

    Attributes:
        name: The student's.
        training: Seconds of one training by KD.
        attacks: Seconds of all attacks on it.
        bytes: Of its weights and its attacked texts.
    """

    name: str
    training: float
    attacks: float
    bytes: int


@dataclass(frozen=True)
class Plan:
    """The trainings of a comparison and their time.

    Attributes:
        task: The data.
        students: All of them.
        costs: Time of a training beside KD's, by the name of the method or row.
        replicates: Trainings of each student by each method.
    """

    task: "Task"
    students: tuple[StudentTime, ...]
    costs: dict[str, float]
    replicates: int

    @property
    def trainings(self) -> int:
        """How many there are, without the teacher and what stands between."""
        return len(self.students) * len(self.costs) * self.replicates

    def seconds(self, jobs: int, cores: int) -> float:
        """Seconds of all of them and of the attacks, `jobs` at once on so many cores."""
        cost, methods = sum(self.costs.values()), len(self.costs)
        each = sum(s.training * cost + s.attacks * methods for s in self.students)
        return each * self.replicates / min(jobs, cores, self.trainings)

    @property
    def bytes(self) -> int:
        """Bytes of all students; that of the teacher is not among them."""
        return sum(s.bytes for s in self.students) * len(self.costs) * self.replicates


def planned(config: Config, on_stage: "OnStage") -> Plan:
    """Time a few batches of KD and attacks on a few texts for each student.

    No teacher is needed: random signals stand in. A method costs what it did beside KD when it was
    measured (`kdnas methods`), one that nobody has measured as much as KD.

    Args:
        config: The comparison.
        on_stage: Called with the name of each stage as it starts.

    Raises:
        UserError: Data, a model or a package cannot be had.
        EvaluationFailed: The loss or a logit of a student is not finite.
    """
    from kdnas.estimate import attack_seconds, train_seconds  # it loads torch
    from kdnas.evaluation import load_task
    from kdnas.teachers import load_tokenizer
    from kdnas.training import exact_float32

    exact_float32(config.search.threads)
    on_stage("data")
    task, tokenizer = load_task(config), load_tokenizer(config.teacher.model)
    attacked = len(task.report.head(config.attack.report_texts))
    found = []
    for student in study_students(config):
        on_stage(f"training of {student.name}")
        network = _network(config, student, task, tokenizer)
        training = train_seconds(_by_kd(config, student), task, tokenizer, network)
        attacks, size = 0.0, 4 * sum(p.numel() for p in network.parameters())
        for name, settings in study_attacks(config).items():
            on_stage(f"{name} on it")
            own = config.model_copy(update={"attack": settings})
            attacks += attacked * attack_seconds(own, task, tokenizer, network, ATTACKED)
            size += BYTES_PER_TEXT * attacked
        found.append(StudentTime(student.name, training, attacks, size))
    costs = {name: _cost(config.taught_by(name)) for name in config.compare.methods}
    return Plan(task, tuple(found), costs, config.compare.replicates)


def made_beforehand(config: Config) -> Iterator[str]:
    """Yield what is trained or made once for all students, besides the teacher."""
    for name in config.compare.methods:
        distill = config.taught_by(name)
        method = METHODS[distill.method]
        chain = method.chain(distill.table(distill.method))
        models = len(chain.links)
        if models:
            yield f"{name}: {models} model{'s' if models > 1 else ''} between teacher and student"
        if chain.team is not None:
            yield f"{name}: a team of {len(chain.team.members)} teachers"
        yield from (f"{name}: {_TEXTS[use]}" for use in method.uses if use in _TEXTS)


def _cost(distill: DistillSettings) -> float:
    """Time of a training beside KD's: as measured, for as many texts as augmenters make of one."""
    cost, own = METHODS[distill.method].cost or 1.0, distill.table(distill.method)
    if isinstance(own, AugmentationSettings):
        cost *= own.learned / AugmentationSettings().learned
    return cost


def _by_kd(config: Config, student: Student) -> Config:
    """The comparison as KD with the epochs of a student."""
    distill = config.taught_by("kd")
    if student.kind in BEGUN:
        distill = distill.model_copy(update={"epochs": config.compare.epochs})
    return config.model_copy(update={"distill": distill})


def _network(config: Config, student: Student, task: "Task", tokenizer: Any) -> Any:
    """A student before its training, with random tables of embeddings where it has its own."""
    from kdnas.adabert import SHIPPED_CELL, CellsForSequenceClassification
    from kdnas.comparison.begun import Begun
    from kdnas.students import Blueprint, StudentForSequenceClassification, build
    from kdnas.training import choose_device

    labels, device, own = task.label_names, choose_device(), config.student
    if student.kind in BEGUN:
        begun = Begun(config.teacher.model, tokenizer, labels, device)
        return begun.student(student.kind, student.start, seed=0)
    shape = own.shape(len(tokenizer), len(labels))
    blueprint = Blueprint(shape, labels, own.max_length, own.dropout, device)
    form, text = StudentForSequenceClassification, student.start
    if student.kind == "cells":
        form, text = CellsForSequenceClassification, SHIPPED_CELL.read_text()
    return build(text, blueprint, seed=0, form=form)

"""`Config`: all sections together."""

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from kdnas.config.attack import AttackSettings
from kdnas.config.compare import CompareSettings
from kdnas.config.constraints import ConstraintSettings
from kdnas.config.distill import DistillSettings
from kdnas.config.reproduce import ReproduceSettings
from kdnas.config.search import SearchSettings
from kdnas.config.section import LOADING, Section
from kdnas.config.slurm import SlurmSettings
from kdnas.config.space import SpaceSection
from kdnas.config.student import StudentSettings
from kdnas.config.task import TaskSettings
from kdnas.config.teacher import TeacherSettings
from kdnas.config.workers import WorkerSettings
from kdnas.metrics import Weights
from kdnas.registry import plug_in
from kdnas.space import PAPER_SPACE


def _plugged(modules: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """Import modules that the user names; what an archive names is not imported."""
    if info.context == LOADING:
        for module in modules:
            plug_in(module)
    return modules


class Config(Section):
    """A whole run.

    Attributes:
        plugins: Modules that add parts, imported before the sections are read.
    """

    plugins: Annotated[tuple[str, ...], AfterValidator(_plugged)] = ()
    task: TaskSettings = TaskSettings()
    teacher: TeacherSettings = TeacherSettings()
    space: SpaceSection = PAPER_SPACE
    student: StudentSettings = StudentSettings()
    distill: DistillSettings = DistillSettings()
    attack: AttackSettings = AttackSettings()
    search: SearchSettings = SearchSettings()
    fitness: Weights = Weights()
    constraints: ConstraintSettings = ConstraintSettings()
    workers: WorkerSettings = WorkerSettings()
    slurm: SlurmSettings = SlurmSettings()
    reproduce: ReproduceSettings = ReproduceSettings()
    compare: CompareSettings = CompareSettings()

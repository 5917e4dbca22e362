"""`Config`: all sections together."""

from kdnas.config.machines import SlurmSettings, WorkerSettings
from kdnas.config.searches import ConstraintSettings, ReproduceSettings, SearchSettings
from kdnas.config.section import Section
from kdnas.config.students import (
    AttackSettings,
    DistillSettings,
    StudentSettings,
    TaskSettings,
    TeacherSettings,
)
from kdnas.objectives import Weights
from kdnas.space import SearchSpace


class Config(Section):
    """A whole run."""

    task: TaskSettings = TaskSettings()
    teacher: TeacherSettings = TeacherSettings()
    space: SearchSpace = SearchSpace()
    student: StudentSettings = StudentSettings()
    distill: DistillSettings = DistillSettings()
    attack: AttackSettings = AttackSettings()
    search: SearchSettings = SearchSettings()
    fitness: Weights = Weights()
    constraints: ConstraintSettings = ConstraintSettings()
    workers: WorkerSettings = WorkerSettings()
    slurm: SlurmSettings = SlurmSettings()
    reproduce: ReproduceSettings = ReproduceSettings()

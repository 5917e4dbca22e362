"""`Config`: all sections together."""

from kdnas.config.attack import AttackSettings
from kdnas.config.constraints import ConstraintSettings
from kdnas.config.distill import DistillSettings
from kdnas.config.reproduce import ReproduceSettings
from kdnas.config.search import SearchSettings
from kdnas.config.section import Section
from kdnas.config.slurm import SlurmSettings
from kdnas.config.student import StudentSettings
from kdnas.config.task import TaskSettings
from kdnas.config.teacher import TeacherSettings
from kdnas.config.workers import WorkerSettings
from kdnas.metrics import Weights
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

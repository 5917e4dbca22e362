"""`Config`: all sections together."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import AfterValidator, ValidationInfo, model_validator

from kdnas.config.attack import AttackSettings
from kdnas.config.compare import CompareSettings
from kdnas.config.constraints import ConstraintSettings
from kdnas.config.distill import DistillSettings
from kdnas.config.reproduce import ReproduceSettings
from kdnas.config.search import SearchSettings
from kdnas.config.section import LOADING, Section, checked_settings
from kdnas.config.slurm import SlurmSettings
from kdnas.config.space import SpaceSection
from kdnas.config.student import StudentSettings
from kdnas.config.task import TaskSettings
from kdnas.config.teacher import TeacherSettings
from kdnas.config.workers import WorkerSettings
from kdnas.methods import METHODS, Learner
from kdnas.metrics import METRICS, Score, Weights
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

    def taught_by(self, name: str) -> DistillSettings:
        """The section `distill` with the method, and its settings, of a name in `compare.methods`.

        Args:
            name: Of a row of the comparison, or of a method.

        Raises:
            ValueError: The row has a setting that its method does not have, or out of its range.
        """
        row = self.compare.rows.get(name)
        if row is None:
            return self.distill.model_copy(update={"method": name})
        table = self.distill.table(row.method)
        values, place = {**asdict(table), **row.own}, f"compare.rows.{name}"
        own = checked_settings(type(table), values, place)
        return self.distill.model_copy(update={"method": row.method, row.method: own})

    @model_validator(mode="after")
    def _compared_have_tables(self) -> Self:
        """Settings of what only a comparison names are there and recorded like all others."""
        rows = [row.method for row in self.compare.rows.values()]
        taught = self.distill.with_tables([*self.compare.methods, *rows])
        object.__setattr__(self, "distill", taught)  # sections are frozen
        object.__setattr__(self, "attack", self.attack.with_tables(self.compare.attacks))
        return self

    @model_validator(mode="after")
    def _rows_checked(self) -> Self:
        for name, row in self.compare.rows.items():
            if row.method in METHODS:  # of an archive it may be one that nothing here knows
                self.taught_by(name)
        return self

    @model_validator(mode="after")
    def _of_numbers(self) -> Self:
        """Refuse a method, a teacher and objectives that such texts or labels are not for."""
        if self.task.of_numbers and self.teacher.method == "gan-bert":
            raise ValueError(
                "teacher.method = 'gan-bert' tells classes apart, and labels are numbers with"
                f" task.metric={self.task.metric}: set teacher.method=finetune"
            )
        if self.distill.method in METHODS:
            learner = Learner(classes=not self.task.of_numbers, single=not self.task.of_pairs)
            self.distill.require_teachable(self.distill.method, learner)
        for name in self.search.objectives if self.task.of_numbers else ():
            metric = METRICS.get(name)
            if isinstance(metric, Score) and metric.of_classes:
                raise ValueError(
                    f"search.objectives = {list(self.search.objectives)}: labels are numbers with"
                    f" task.metric={self.task.metric}, so that there is no {name} and nothing is"
                    ' attacked: set search.objectives=["score", "parameters"]'
                )
        return self

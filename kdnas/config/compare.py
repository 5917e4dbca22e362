"""The section `compare`: which methods teach which students, and what attacks them."""

import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import ConfigDict, Field, ValidationInfo, model_validator

from kdnas.config.section import Count, Name, Positive, Section, part_of, usable
from kdnas.errors import UserError
from kdnas.methods import METHODS
from kdnas.records import ATTACKS

_Method, _Attack = part_of(METHODS), part_of(ATTACKS)


class RowSettings(Section):
    """A row of a comparison: a method with settings of its own.

    Attributes:
        method: The method. What else is set is set of this method, over `[distill.METHOD]`.
        learning_rate, epochs: Of its trainings; None for those of the others.
    """

    model_config = ConfigDict(extra="allow")

    method: _Method  # type: ignore[valid-type]
    learning_rate: Positive | None = None
    epochs: Count | None = None

    @property
    def own(self) -> Mapping[str, Any]:
        """The settings of the method that are the row's own."""
        return self.__pydantic_extra__ or {}


class CompareSettings(Section):
    """What `kdnas compare` does: every method teaches every student.

    Attributes:
        methods: Names of methods or of `rows`. All are tested against `kd`, or the first where it
            is not among them.
        rows: Methods with other settings than those of `[distill.METHOD]`, by names of your own:
            `[compare.rows.last-layers]` with `method = "pkd"` and `follow = "last"`.
        students: What is taught, in the words of `kdnas.study.student_of`.
        tasks: Data sets by the names of `task.name`, each a comparison of its own; none for that of
            the section `task`. Of that section they have all but what a data set is: name,
            columns, metric; with `task.path` the rows of `glue/cola` are read from `cola` in it.
        changes: What is set otherwise for a task, by its name, as a configuration has it:
            `[compare.changes."glue/rte".compare]` with `epochs = 10`.
        printed: The numbers that a source prints, which stand beside these in the tables: a name in
            `kdnas/analysis/paper/printed.toml`.
        replicates: Trainings of each student by each method, with seeds of their own.
        attacks: Recipes of the attacks on report-val besides that of the section `attack`.
        learning_rate, epochs: Of students that begin with trained layers (Sun 2019); those that
            begin without any have the schedule of the section `distill`.
    """

    methods: tuple[str, ...] = ("finetune", "kd", "pkd", "rosearch")
    rows: dict[Name, RowSettings] = Field(default_factory=dict)
    students: tuple[Name, ...] = ("drawn:0", "layers:3")
    tasks: tuple[Name, ...] = ()
    changes: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    printed: Name | None = None
    replicates: Count = 5
    attacks: tuple[_Attack, ...] = ("deepwordbug",)  # type: ignore[valid-type]
    learning_rate: Positive = 5e-5
    epochs: Count = 4

    @property
    def against(self) -> str:
        """The method that all are tested against."""
        return "kd" if "kd" in self.methods else self.methods[0]

    @model_validator(mode="after")
    def _methods_known(self, info: ValidationInfo) -> Self:
        for name in self.rows:
            if name in METHODS or not re.fullmatch(r"[\w-]+", name):
                raise ValueError(
                    f"compare.rows.{name}: name it by letters, digits, - and _, and not as a method"
                )
        for name in self.methods:
            if name not in self.rows:
                _require_method(name, info)
        return self

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        for name in ("methods", "students", "tasks"):
            values = getattr(self, name)
            twice = next((each for each in values if values.count(each) > 1), None)
            if twice is not None or not (values or name == "tasks"):
                wrong = f"has {twice!r} twice" if values else "is empty"
                raise ValueError(f"compare.{name} {wrong}: name each of the {name} once")
        return self


def _require_method(name: str, info: ValidationInfo) -> None:
    try:
        usable(METHODS, name, info)
    except UserError as error:
        raise ValueError(f"compare.methods has {name!r}, which is no row: {error}") from error

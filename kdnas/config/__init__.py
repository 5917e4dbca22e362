"""Run configurations: typed, closed, and written into every run.

`Config` has one section for each part; `load_config` makes one from a preset or a TOML file and
`--set` overrides; `departures` lists what differs from the paper. No heavy library is imported.

A configuration may name code of the user: a part as `module:name`, or a module in `plugins`.
`load_config` imports it, so to read a configuration is to run it. What an archive holds is read
with the context `STORED`, which imports nothing.
"""

from kdnas.config.attack import AttackSettings
from kdnas.config.compare import CompareSettings
from kdnas.config.config import Config
from kdnas.config.constraints import ConstraintSettings
from kdnas.config.distill import DistillSettings
from kdnas.config.load import (
    COMMANDS,
    Command,
    as_toml,
    departures,
    difference,
    load_config,
    overridden,
    preset_names,
    read_preset,
)
from kdnas.config.reproduce import ReproduceSettings
from kdnas.config.search import ALGORITHMS, SearchSettings
from kdnas.config.section import LOADING, STORED
from kdnas.config.slurm import SlurmSettings
from kdnas.config.student import StudentSettings
from kdnas.config.task import TASKS, TaskSettings
from kdnas.config.tasks import comparison_configs, short_name, task_configs
from kdnas.config.teacher import TeacherSettings
from kdnas.config.used import require_used
from kdnas.config.workers import WorkerSettings

__all__ = [
    "ALGORITHMS",
    "COMMANDS",
    "LOADING",
    "STORED",
    "TASKS",
    "AttackSettings",
    "Command",
    "CompareSettings",
    "Config",
    "ConstraintSettings",
    "DistillSettings",
    "ReproduceSettings",
    "SearchSettings",
    "SlurmSettings",
    "StudentSettings",
    "TaskSettings",
    "TeacherSettings",
    "WorkerSettings",
    "as_toml",
    "comparison_configs",
    "departures",
    "difference",
    "load_config",
    "overridden",
    "preset_names",
    "read_preset",
    "require_used",
    "short_name",
    "task_configs",
]

"""Run configurations: typed, closed, and written into every run.

`Config` has one section for each part; `load_config` makes one from a preset or a TOML file and
`--set` overrides; `departures` lists what differs from the paper. No heavy library is imported,
and nothing in a configuration names code to import.
"""

from kdnas.config.config import Config
from kdnas.config.load import (
    as_toml,
    departures,
    difference,
    load_config,
    preset_names,
    read_preset,
)
from kdnas.config.machines import SlurmSettings, WorkerSettings
from kdnas.config.searches import ConstraintSettings, ReproduceSettings, SearchSettings
from kdnas.config.students import (
    AttackSettings,
    DistillSettings,
    StudentSettings,
    TaskSettings,
    TeacherSettings,
)

__all__ = [
    "AttackSettings",
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
    "departures",
    "difference",
    "load_config",
    "preset_names",
    "read_preset",
]

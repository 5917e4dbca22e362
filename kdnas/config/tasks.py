"""The tasks of a comparison of several, each with a configuration of its own."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

from kdnas.config.config import Config
from kdnas.config.load import config_of
from kdnas.errors import UserError

_OF_A_DATA_SET = (
    "name", "path", "validation", "text_column", "premise_column", "label_column", "metric"
)  # fmt: skip
"""Settings of the section `task` that say what a data set is."""


def task_configs(config: Config) -> dict[str, Config]:
    """The configuration of each task of a comparison of several, by the name of its folder.

    Raises:
        UserError: Two tasks have one folder, or what is changed for one cannot be set.
    """
    values = config.model_dump(mode="json")
    values["compare"] |= {"tasks": [], "changes": {}, "printed": None}
    values["search"]["objectives"] = ["score", "parameters"]  # of any labels; nothing is searched
    values["task"] = {k: v for k, v in values["task"].items() if k not in _OF_A_DATA_SET}
    found: dict[str, Config] = {}
    for name in config.compare.tasks:
        short = short_name(name)
        if short in found:
            raise UserError(f"compare.tasks has two of the folder {short!r}: leave out {name}")
        own = deepcopy(values)
        own["task"]["name"] = name
        if config.task.path is not None:
            own["task"]["path"] = str(Path(config.task.path, short))
        _merge(own, config.compare.changes.get(name, {}))
        found[short] = config_of(own)
    return found


def comparison_configs(config: Config) -> list[Config]:
    """The configuration of each task of a comparison; that of the comparison where it is of one.

    Raises:
        UserError: As `task_configs` does.
    """
    return list(task_configs(config).values()) or [config]


def short_name(task: str) -> str:
    """What the folder and the columns of a task are called.

    >>> short_name("glue/cola"), short_name("data/my texts.tsv")
    ('cola', 'my_texts_tsv')
    """
    return re.sub(r"[^\w-]", "_", task.rstrip("/").rpartition("/")[2])


def _merge(values: dict[str, Any], changes: dict[str, Any]) -> None:
    """Set what changes; tables in tables are merged."""
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(values.get(name), dict):
            _merge(values[name], value)
        else:
            values[name] = value

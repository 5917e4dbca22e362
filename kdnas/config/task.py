"""The section `task`: the data."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo, model_validator

from kdnas.config.named import NAMED
from kdnas.config.section import Count, Name, Section, Seed, Share, part_of, usable
from kdnas.metrics import TASK_METRICS
from kdnas.registry import Registry

TASKS: Registry[Any] = Registry(
    "task",
    {
        "rotten_tomatoes": "kdnas.tasks.packaged:rotten_tomatoes",
        "bbc_news": "kdnas.tasks.packaged:bbc_news",
        "bbc-pairs": "kdnas.tasks.packaged:bbc_pairs",
        "bbc-similarity": "kdnas.augment.similarity:bbc_similarity",
    },
    Callable,  # type: ignore[arg-type]  # it has instances, but is no class to mypy
)
"""Data sets by name: functions that return a `kdnas.tasks.Source`, those of kdnas by reference."""


DATA_FILES = (".tsv", ".csv", ".jsonl", ".json", ".parquet")
"""The endings of files of data."""


def is_local(name: str) -> bool:
    """Whether a task's name is a path: it exists here, or looks like nothing else."""
    path = Path(name).expanduser()
    return path.exists() or path.suffix.lower() in DATA_FILES or name.startswith((".", "/", "~"))


def _name(name: str, info: ValidationInfo) -> str:
    """Import the function of a task that is named `module:name`; other names are read later."""
    if ":" in name:
        usable(TASKS, name, info)
    return name


class TaskSettings(Section):
    """The data.

    Attributes:
        name: `rotten_tomatoes`, `bbc_news`, `bbc-pairs` or `bbc-similarity` (offline extra), a hub
            id such as `glue/sst2`, of which GLUE's come with their columns and metric, a
            path to a TSV, CSV, JSON Lines or Parquet file or a folder, or `module:name` for your
            own function that returns a `kdnas.tasks.Source`.
        path: Where the rows of `name` are read from instead of the hub: a file, a folder that
            `save_to_disk` wrote, or one with files such as `train.tsv` and `dev.tsv`.
        validation: For a local path: a second one that search-val and report-val are taken from.
        text_column, label_column: Columns of hub and local data.
        premise_column: The first string of pairs, whose second is in `text_column`; None reads
            single texts.
        metric: What students are scored by, a name in `kdnas.metrics.TASK_METRICS` or your own as
            `module:name`. With `pearson`, `spearman` and `pearson-spearman` labels are numbers, and
            students predict one (regression); nothing is attacked then.
        train, search, report: Most texts of each split; None takes all there are.
        seed: Seed of the split.
        max_overlap: Largest share of validation texts whose 4-grams all occur in the training
            text, because they were cut from it. Above it validation from another source is
            refused; one pool is divided so that its near-duplicates stay on one side.
        protocol: `three-way` keeps report-val apart; `paper` selects and reports on one split;
            `choice` divides as `three-way` does, then reports on search-val, so that settings of
            methods can be chosen while report-val stays unseen.
    """

    name: Annotated[Name, AfterValidator(_name)] = "rotten_tomatoes"
    path: Name | None = None
    validation: Name | None = None
    text_column: Name | None = None
    premise_column: Name | None = None
    label_column: Name = "label"
    metric: part_of(TASK_METRICS) = "accuracy"  # type: ignore[valid-type]
    train: Count | None = None
    search: Count | None = None
    report: Count | None = None
    seed: Seed = 0
    max_overlap: Share = 0.01
    protocol: Literal["three-way", "paper", "choice"] = "three-way"

    @model_validator(mode="before")
    @classmethod
    def _known_by_name(cls, values: Any) -> Any:
        """Take columns and metric of a data set that is known, where they are not set."""
        named = NAMED.get(str(values.get("name"))) if isinstance(values, dict) else None
        return values if named is None else {**named.settings, **values}

    @property
    def is_local(self) -> bool:
        """Whether its rows are read from a path."""
        return self.path is not None or (self.name not in TASKS and is_local(self.name))

    @property
    def of_numbers(self) -> bool:
        """Whether labels are numbers, not classes."""
        return self.metric in TASK_METRICS and TASK_METRICS[self.metric].numbers

    @property
    def of_pairs(self) -> bool:
        """Whether texts are pairs of strings."""
        return self.premise_column is not None

    @property
    def on_hub(self) -> bool:
        """Whether it is neither a path nor one that kdnas or a user's module reads."""
        return self.name not in TASKS and not self.is_local

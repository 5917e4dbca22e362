"""The section `task`: the data."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ValidationInfo

from kdnas.config.section import Count, Section, Seed, Share, usable
from kdnas.registry import Registry

TASKS: Registry[Any] = Registry(
    "task",
    {
        "rotten_tomatoes": "kdnas.tasks.packaged:rotten_tomatoes",
        "bbc_news": "kdnas.tasks.packaged:bbc_news",
    },
    Callable,  # type: ignore[arg-type]  # it has instances, but is no class to mypy
)
"""Data sets by name: functions that return a `kdnas.tasks.Source`, those of kdnas by reference."""


def _name(name: str, info: ValidationInfo) -> str:
    """Import the function of a task that is named `module:name`; other names are read later."""
    if ":" in name:
        usable(TASKS, name, info)
    return name


class TaskSettings(Section):
    """The data.

    Attributes:
        name: `rotten_tomatoes` or `bbc_news` (offline extra), a hub id such as `glue/sst2`, a
            path to a TSV, CSV, JSON Lines or Parquet file or a folder, or `module:name` for your
            own function that returns a `kdnas.tasks.Source`.
        path: Where the rows of `name` are read from instead of the hub: a file, a folder that
            `save_to_disk` wrote, or one with files such as `train.tsv` and `dev.tsv`.
        validation: For a local path: a second one that search-val and report-val are taken from.
        text_column, label_column: Columns of hub and local data.
        train, search, report: Most texts of each split; None takes all there are.
        seed: Seed of the split.
        max_overlap: Largest share of validation texts whose 4-grams all occur in the training
            text, because they were cut from it. Above it validation from another source is
            refused; one pool is divided so that its near-duplicates stay on one side.
        protocol: `three-way` keeps report-val apart; `paper` selects and reports on one split.
    """

    name: Annotated[str, AfterValidator(_name)] = "rotten_tomatoes"
    path: str | None = None
    validation: str | None = None
    text_column: str | None = None
    label_column: str = "label"
    train: Count | None = None
    search: Count | None = None
    report: Count | None = None
    seed: Seed = 0
    max_overlap: Share = 0.01
    protocol: Literal["three-way", "paper"] = "three-way"

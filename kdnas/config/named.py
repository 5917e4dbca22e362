"""What is known of data sets by their names: columns, metric, and how GLUE's files have them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class NamedTask:
    """A data set whose columns and metric need not be set.

    Attributes:
        metric: What it is scored by.
        text: The column of texts, or of the second strings of pairs; None for the usual one.
        premise: The column of the first strings; None where texts are single.
        renamed: Columns of GLUE's own files, by which name the hub has them.
        header: The columns of GLUE's own files where they have none.
        held_out: The end of the names of validation splits and files, where there are two.
        hub: The id on the hub, where it is not the name.
    """

    metric: str = "accuracy"
    text: str | None = None
    premise: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    held_out: str = ""
    hub: str = ""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the section `task` that it stands for."""
        known = {"text_column": self.text, "premise_column": self.premise}
        found = {name: value for name, value in known.items() if value is not None}
        return found if self.metric == "accuracy" else {**found, "metric": self.metric}

    @property
    def in_own_form(self) -> bool:
        """Whether GLUE's own files have other columns or names than those of other data."""
        return bool(self.renamed or self.header or self.held_out)


def _mnli(held_out: str) -> NamedTask:
    columns = {"sentence1": "premise", "sentence2": "hypothesis", "gold_label": "label"}
    return NamedTask("accuracy", "hypothesis", "premise", columns, (), held_out, "glue/mnli")


_TWO = ("sentence2", "sentence1")

NAMED: dict[str, NamedTask] = {
    "glue/cola": NamedTask("matthews", header=("source", "label", "star", "sentence")),
    "glue/sst2": NamedTask(),
    "glue/mrpc": NamedTask(
        "accuracy-f1",
        *_TWO,
        renamed={"Quality": "label", "#1 String": "sentence1", "#2 String": "sentence2"},
    ),
    "glue/qqp": NamedTask(
        "accuracy-f1", "question2", "question1", renamed={"is_duplicate": "label"}
    ),
    "glue/stsb": NamedTask("pearson-spearman", *_TWO, renamed={"score": "label"}),
    "glue/mnli": _mnli("_matched"),
    "glue/mnli-mm": _mnli("_mismatched"),
    "glue/qnli": NamedTask(text="sentence", premise="question"),
    "glue/rte": NamedTask("accuracy", *_TWO),
    "glue/wnli": NamedTask("accuracy", *_TWO),
    "bbc-pairs": NamedTask(text="hypothesis", premise="premise"),
    "bbc-similarity": NamedTask("pearson-spearman", "hypothesis", "premise"),
}
"""The tasks of GLUE (Wang 2018), each with GLUE's own metric, and the offline pairs.

MNLI is measured on its matched part; `glue/mnli-mm` on the mismatched one.
"""


def hub_id(name: str) -> str:
    """The id of a data set on the hub.

    >>> hub_id("glue/mnli-mm"), hub_id("glue/sst2"), hub_id("ag_news")
    ('glue/mnli', 'glue/sst2', 'ag_news')
    """
    return (NAMED[name].hub if name in NAMED else "") or name

"""Rows as a reader found them: named columns, and which pool they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kdnas.errors import UserError

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

Role = Literal["train", "validation", "test"]

ROLES: dict[str, Role] = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
"""What a table is, by the name of its split or file."""

NO_LICENCE = "not stated"


@dataclass(frozen=True)
class Columns:
    """The names of the columns that are read.

    Attributes:
        text: The text, or the second string of a pair; None takes the first usual name.
        premise: The first string of a pair; None where texts are single.
        label: What is to be predicted.
        numbers: Whether labels are numbers, not classes.
    """

    text: str | None = None
    premise: str | None = None
    label: str = "label"
    numbers: bool = False


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        origin: Where the rows are from, for messages and records.
        columns: Values by column name.
        class_names: For columns of class numbers, the name of each class.
    """

    origin: str
    columns: Mapping[str, Sequence[object]]
    class_names: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """All that a reader found; a table that stands alone is called train.

    Attributes:
        tables: By role.
        licence: Of the data.
        offline: Whether it is a data set of the offline extra.
    """

    tables: Mapping[Role, Table]
    licence: str = NO_LICENCE
    offline: bool = False


def dataset_tables(
    data: "Dataset | DatasetDict", origin: str, roles: Mapping[str, Role] = ROLES
) -> dict[Role, Table]:
    """The tables of a `datasets` object, with roles by the names of its splits.

    Raises:
        UserError: It has several splits and no name of them is known.
    """
    if not isinstance(data, dict):
        return {"train": _table(data, origin)}
    tables = {
        roles[name]: _table(split, f"{origin} {name}")
        for name, split in data.items()
        if name in roles
    }
    if not tables and len(data) == 1:
        name, split = next(iter(data.items()))
        return {"train": _table(split, f"{origin} {name}")}
    if not tables:
        raise UserError(
            f"{origin}: no split is called train, validation or test; it has {', '.join(data)}"
        )
    return tables


def _table(dataset: "Dataset", origin: str) -> Table:
    from datasets import ClassLabel

    classes = {n: f.names for n, f in dataset.features.items() if isinstance(f, ClassLabel)}
    return Table(origin, {name: dataset[name] for name in dataset.column_names}, classes)

"""Turns tables into pools of texts with class numbers."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kdnas.errors import UserError
from kdnas.records import Text
from kdnas.tasks.tables import Columns, Role, Table
from kdnas.tasks.task import NUMBER, Split
from kdnas.tasks.texts import no_column, pair_remark, texts_of

_MANY, _FEWEST_TEXTS, _FEWEST_ROWS = 20, 50, 3
"""More different labels than these, with fewer rows of each than these, are no classes: numbers
with fewer texts are scores, and whatever has fewer rows is another column."""

_WHOLE = re.compile(r"(-?\d+)\.0+")
"""A class number as pandas writes it into a CSV file where a row has no label."""


@dataclass(frozen=True)
class Pools:
    """Labelled texts by role, all of one line, or two in a pair, and none empty.

    Attributes:
        label_names: The classes; `NUMBER` alone where labels are numbers.
        splits: Pools in the order of their rows; those without labels are left out.
        empty: Rows dropped because they had no label, or a text of theirs was missing.
        remark: What a user should know of how they were read; often nothing.
    """

    label_names: tuple[str, ...]
    splits: Mapping[Role, Split]
    empty: int
    remark: str


def labelled_pools(tables: Mapping[Role, Table], columns: Columns) -> Pools:
    """The pools of the tables that have labels, with texts and labels in these columns.

    Raises:
        UserError: A column is missing or not what it should be, there are not two classes or two
            different numbers, the labels are scores where classes are read, or are no finite
            numbers where numbers are.
    """
    labels = {role: labels_of(table, columns) for role, table in tables.items()}
    # The hub marks the hidden labels of a test split with -1.
    labels = {role: found for role, found in labels.items() if _shown(found)}
    names, number_of = (
        _numbers(tables, labels) if columns.numbers else _classes(tables, labels, columns.label)
    )
    splits, empty = {}, 0
    for role, found in labels.items():
        texts = texts_of(tables[role], columns)
        splits[role] = _pool(texts, found, number_of, tables[role].origin)
        empty += len(texts) - len(splits[role])
    if not any(map(len, splits.values())):
        raise UserError(
            f"{_origins(tables)}: none of the {empty} rows has a text and a label; name others"
            " with task.text_column=NAME and task.label_column=NAME"
        )
    return Pools(names, splits, empty, pair_remark(tables[next(iter(splits))], columns))


def _shown(labels: Sequence[str | None]) -> bool:
    """Whether there are labels, and not only the sign of hidden ones."""
    return bool(set(labels) - {None, "-1"})


def _numbers(
    tables: Mapping[Role, Table], labels: Mapping[Role, Sequence[str | None]]
) -> tuple[tuple[str, ...], Mapping[str, float]]:
    """The name of one output, and the number of each label.

    Raises:
        UserError: A label is no finite number, or all are the same.
    """
    numbers: dict[str, float] = {}
    for role, found in labels.items():
        for row, label in enumerate(found, 1):
            if label is None or label in numbers:
                continue
            numbers[label] = _number(label)
            if not math.isfinite(numbers[label]):
                raise UserError(
                    f"{tables[role].origin}: row {row} has the label {label!r:.40}, which is no"
                    " finite number; mend it, or leave task.metric=accuracy for classes"
                )
    if len(set(numbers.values())) < 2:
        held = f"only {next(iter(numbers))}" if numbers else "nothing"
        raise UserError(
            f"{_origins(tables)}: the column of labels holds {held}, and numbers that are all the"
            " same cannot be learned; name another with task.label_column=NAME"
        )
    return (NUMBER,), numbers


def _number(label: str) -> float:
    try:
        return float(label)
    except ValueError:
        return math.nan


def _classes(
    tables: Mapping[Role, Table], labels: Mapping[Role, Sequence[str | None]], label_in: str
) -> tuple[tuple[str, ...], Mapping[str, int]]:
    """The classes, and the number of each.

    Classes keep the order that the data gives them; otherwise they are the labels found, sorted
    as numbers if all are numbers and as text if not. Fractions, and more than 20 different numbers
    with fewer than 50 texts each, are taken for scores; more than 20 labels with fewer than three
    rows each for another column.

    Raises:
        UserError: A column is missing or not what it should be, there are not two classes, or the
            labels are scores.
    """
    known = [tables[role].class_names.get(label_in) for role in labels]
    names = tuple(next(filter(None, known), ()) or _sorted_names(labels.values()))
    if len(names) < 2:
        held = f"only {names[0]!r}" if names else "nothing"
        raise UserError(
            f"{_origins(tables)}: column {label_in!r} holds {held} for a label, and a task "
            "needs 2 classes; name the column of labels with task.label_column=NAME"
        )
    rows = sum(map(len, labels.values()))
    if len(names) > _MANY and len(names) * _FEWEST_ROWS > rows and not any(known):
        raise UserError(
            f"{_origins(tables)}: column {label_in!r} holds {len(names)} different labels in"
            f" {rows} rows, too many to learn; name the column of labels with"
            " task.label_column=NAME"
        )
    return names, {name: number for number, name in enumerate(names)}


def labels_of(table: Table, columns: Columns) -> list[str | None]:
    """The labels as class names or as they are written; None where there is none.

    A NaN is none where labels are classes, but no number.
    """
    column = columns.label
    if column not in table.columns:
        raise no_column(table, f"no column {column!r}", "label_column")
    values = table.columns[column][:]
    classes = table.class_names.get(column)
    if classes is None:
        return [_label(value, columns.numbers) for value in values]
    # -1 stands for a hidden label, and for annotators who did not agree.
    return [classes[v] if isinstance(v, int) and v >= 0 else None for v in values]


def _label(value: object, numbers: bool) -> str | None:
    if value is None or (value != value and not numbers):  # NaN
        return None
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    written = str(value).strip()
    whole = _WHOLE.fullmatch(written)
    return whole[1] if whole else written or None


def _origins(tables: Mapping[Role, Table]) -> str:
    return ", ".join(table.origin for table in tables.values())


def _sorted_names(pools: Iterable[Sequence[str | None]]) -> list[str]:
    counts = Counter(label for pool in pools for label in pool if label is not None)
    try:
        numbers = {name: float(name) for name in counts}
    except ValueError:
        return sorted(counts)
    names = sorted(counts, key=numbers.__getitem__)
    fraction = next((name for name in names if not numbers[name].is_integer()), None)
    rare = len(names) > _MANY and counts.total() < _FEWEST_TEXTS * len(names)
    if rare or fraction is not None:
        such = "" if fraction is None else f", and {fraction} is a fraction"
        raise UserError(
            f"the labels look like scores, not classes: {len(names)} different numbers from"
            f" {names[0]} to {names[-1]}{such}: task.metric=pearson-spearman learns numbers, or"
            " call classes by names, or name their column with task.label_column=NAME"
        )
    return names


def _pool(
    texts: Sequence[Text],
    labels: Sequence[str | None],
    number_of: Mapping[str, float],
    origin: str,
) -> Split:
    kept = [(text, label) for text, label in zip(texts, labels, strict=True) if text and label]
    strange = next((label for _, label in kept if label not in number_of), None)
    if strange is not None:
        raise UserError(f"{origin}: label {strange!r} is none of {', '.join(number_of)}")
    return Split(
        texts=tuple(text for text, _ in kept),
        labels=tuple(number_of[label] for _, label in kept),
        origin=origin,
    )

"""Turns tables into pools of texts with class numbers."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kdnas.errors import UserError
from kdnas.records import Text
from kdnas.tasks.tables import Columns, Role, Table
from kdnas.tasks.task import Split

_TEXT_COLUMNS = ("text", "sentence", "content", "review")

_PAIRS = (
    ("premise", "hypothesis"),
    ("question", "answer"),
    ("question", "sentence"),
    ("question", "passage"),
    ("question1", "question2"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
)
"""Columns that data sets of pairs of texts have: the premise, and what belongs to it."""

_MANY, _FEWEST_TEXTS, _FEWEST_ROWS = 20, 50, 3
"""More different labels than these, with fewer rows of each than these, are no classes: numbers
with fewer texts are scores, and whatever has fewer rows is another column."""

_WHOLE = re.compile(r"(-?\d+)\.0+")
"""A class number as pandas writes it into a CSV file where a row has no label."""


@dataclass(frozen=True)
class Pools:
    """Labelled texts by role, all of one line, or two in a pair, and none empty.

    Attributes:
        label_names: The classes.
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

    Classes keep the order that the data gives them; otherwise they are the labels found, sorted
    as numbers if all are numbers and as text if not. Fractions, and more than 20 different numbers
    with fewer than 50 texts each, are taken for scores; more than 20 labels with fewer than three
    rows each for another column.

    Raises:
        UserError: A column is missing or not what it should be, there are not two classes, or the
            labels are scores.
    """
    label_in = columns.label
    labels = {role: labels_of(table, label_in) for role, table in tables.items()}
    # The hub marks the hidden labels of a test split with -1.
    labels = {role: found for role, found in labels.items() if set(found) - {None, "-1"}}
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
    splits, empty = {}, 0
    for role, found in labels.items():
        texts = texts_of(tables[role], columns)
        splits[role] = _pool(texts, found, names, tables[role].origin)
        empty += len(texts) - len(splits[role])
    if not any(map(len, splits.values())):
        raise UserError(
            f"{_origins(tables)}: none of the {empty} rows has a text and a label; name others"
            " with task.text_column=NAME and task.label_column=NAME"
        )
    return Pools(names, splits, empty, pair_remark(tables[next(iter(splits))], columns))


def texts_of(table: Table, columns: Columns) -> list[Text]:
    """The texts on one line each, or as pairs of lines; "" where one is missing or blank."""
    column = _text_column(table, columns)
    texts = _lines_of(table, column, "text_column")
    if columns.premise is None:
        return list(texts)
    if columns.premise not in table.columns:
        raise _no_column(table, f"no column {columns.premise!r}", "premise_column")
    if columns.premise == column:
        raise UserError(
            f"{table.origin}: column {column!r} cannot be both strings of a pair; name the other"
            " with task.text_column=NAME"
        )
    pairs = zip(_lines_of(table, columns.premise, "premise_column"), texts, strict=True)
    return [(premise, text) if premise and text else "" for premise, text in pairs]


def _lines_of(table: Table, column: str, setting: str) -> list[str]:
    """The texts of a column on one line each; a missing one is empty."""
    values = table.columns[column][:]
    other = next((value for value in values if not isinstance(value, str | None)), None)
    if other is not None:
        raise UserError(
            f"{table.origin}: column {column!r} holds {other!r:.40}, not text; name the column of "
            f"texts `text`, or for a search choose it with task.{setting}=NAME"
        )
    texts = [" ".join(str(value or "").split()) for value in values]
    for row, text in enumerate(texts, 1):
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UserError(f"{table.origin}: text {row} holds half a surrogate pair; mend it")
    return texts


def _text_column(table: Table, columns: Columns) -> str:
    """The column of texts: the one that is asked for, the premise's own, or the first usual one."""
    column = columns.text
    usual = [second for first, second in _PAIRS if first == columns.premise] or _TEXT_COLUMNS
    if column is None:
        column = next((name for name in usual if name in table.columns), None)
    if column is None:
        raise _no_column(table, f"none of {', '.join(usual)}", "text_column")
    if column not in table.columns:
        raise _no_column(table, f"no column {column!r}", "text_column")
    return column


def pair_remark(table: Table, columns: Columns) -> str:
    """Say that one column of a pair is read, where a table has another that belongs to it."""
    if columns.premise is not None:
        return ""
    column = _text_column(table, columns)
    others = [name for pair in _PAIRS if column in pair for name in pair if name != column]
    other = next((name for name in others if name in table.columns), None)
    if other is None:
        return ""
    return (
        f"one text per example is read, from column {column!r}; {other!r} is not used"
        " (task.premise_column=NAME reads pairs)"
    )


def labels_of(table: Table, column: str) -> list[str | None]:
    """The labels as class names or as they are written; None where there is none."""
    if column not in table.columns:
        raise _no_column(table, f"no column {column!r}", "label_column")
    values = table.columns[column][:]
    classes = table.class_names.get(column)
    if classes is None:
        return [_label(value) for value in values]
    # -1 stands for a hidden label, and for annotators who did not agree.
    return [classes[v] if isinstance(v, int) and v >= 0 else None for v in values]


def _label(value: object) -> str | None:
    if value is None or value != value:  # NaN
        return None
    if isinstance(value, bool) or (isinstance(value, float) and value.is_integer()):
        value = int(value)
    written = str(value).strip()
    whole = _WHOLE.fullmatch(written)
    return whole[1] if whole else written or None


def _origins(tables: Mapping[Role, Table]) -> str:
    return ", ".join(table.origin for table in tables.values())


def _no_column(table: Table, problem: str, setting: str) -> UserError:
    there = ", ".join(table.columns)
    paired = setting == "text_column" and any(set(pair) <= set(table.columns) for pair in _PAIRS)
    return UserError(
        f"{table.origin} has {problem}; its columns are {there}: rename one, or for a search choose"
        f" it with task.{setting}=NAME{'; task.premise_column=NAME reads pairs' if paired else ''}"
    )


def _sorted_names(pools: Iterable[list[str | None]]) -> list[str]:
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
            f" {names[0]} to {names[-1]}{such}; kdnas classifies: bin them into a few classes, or"
            " call classes by names, or name their column with task.label_column=NAME"
        )
    return names


def _pool(texts: list[Text], labels: list[str | None], names: Sequence[str], origin: str) -> Split:
    number = {name: i for i, name in enumerate(names)}
    kept = [(text, label) for text, label in zip(texts, labels, strict=True) if text and label]
    strange = next((label for _, label in kept if label not in number), None)
    if strange is not None:
        raise UserError(f"{origin}: label {strange!r} is none of {', '.join(names)}")
    return Split(
        texts=tuple(text for text, _ in kept),
        labels=tuple(number[label] for _, label in kept),
        origin=origin,
    )

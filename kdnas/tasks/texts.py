"""Reads the texts of a table: single ones of a column, or pairs of two."""

from kdnas.errors import UserError
from kdnas.records import Text
from kdnas.tasks.tables import Columns, Table

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


def texts_of(table: Table, columns: Columns) -> list[Text]:
    """The texts on one line each, or as pairs of lines; "" where one is missing or blank."""
    column = _text_column(table, columns)
    texts = _lines_of(table, column, "text_column")
    if columns.premise is None:
        return list(texts)
    if columns.premise not in table.columns:
        raise no_column(table, f"no column {columns.premise!r}", "premise_column")
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
            f"texts `text`, or {_choice(setting)}"
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
        raise no_column(table, f"none of {', '.join(usual)}", "text_column")
    if column not in table.columns:
        raise no_column(table, f"no column {column!r}", "text_column")
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


def no_column(table: Table, problem: str, setting: str) -> UserError:
    """The refusal of a table without a column, with those that it has."""
    there = ", ".join(table.columns)
    paired = setting == "text_column" and any(set(pair) <= set(table.columns) for pair in _PAIRS)
    return UserError(
        f"{table.origin} has {problem}; its columns are {there}: rename one, or {_choice(setting)}"
        + ("; task.premise_column=NAME reads pairs" if paired else "")
    )


def _choice(setting: str) -> str:
    """How a column is chosen, in a run and by the commands that attack."""
    option = setting.replace("_", "-")
    return f"choose it with task.{setting}=NAME (kdnas attack and transfer: --{option} NAME)"

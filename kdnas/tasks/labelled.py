"""Labelled texts for a model that has its classes already."""

from collections.abc import Sequence

from kdnas.errors import UserError
from kdnas.tasks.files import read_local
from kdnas.tasks.labels import labels_of, texts_of
from kdnas.tasks.task import Split


def labelled_texts(name: str, label_names: Sequence[str]) -> tuple[Split, tuple[str, ...]]:
    """The texts of a local file or saved folder, in their order, and how it calls the classes.

    Its own names say what the texts are about, whatever the model calls its classes: 0 and 1 where
    the labels are numbers.

    Of a folder with several splits the test split is taken, or else validation, or else train.

    Args:
        name: The path.
        label_names: The model's classes; a label is one of them or a number below their count.

    Raises:
        UserError: The data cannot be read, or a label is none of the model's.
    """
    tables = read_local(name)
    table = next(tables[role] for role in ("test", "validation", "train") if role in tables)
    number = {name: i for i, name in enumerate(label_names)}
    number |= {str(i): i for i in range(len(label_names)) if str(i) not in number}
    texts = texts_of(table, None)
    labels = labels_of(table, "label")
    known = tuple(number[label] for label in labels if label in number)
    if len(known) < len(labels):
        row, strange = next((i, label) for i, label in enumerate(labels, 1) if label not in number)
        shown = ", ".join(label_names)
        found = "no label" if strange is None else f"the label {strange!r}"
        raise UserError(f"{name}: text {row} has {found}; the model's classes are {shown}")
    written = table.class_names.get("label") or sorted({label for label in labels if label})
    return Split(tuple(texts), known, table.origin), tuple(written)

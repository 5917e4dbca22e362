"""Labelled texts for a model that has its classes already."""

from collections.abc import Sequence

from kdnas.config import TaskSettings
from kdnas.errors import UserError
from kdnas.tasks.files import read_local
from kdnas.tasks.labels import labels_of, texts_of
from kdnas.tasks.task import Split


def labelled_texts(name: str, label_names: Sequence[str]) -> Split:
    """The texts of a local file or saved folder, in their order.

    Of a folder with several splits the test split is taken, or else validation, or else train.

    Args:
        name: The path.
        label_names: The model's classes; a label is one of them or a number below their count.

    Raises:
        UserError: The data cannot be read, or a label is none of the model's.
    """
    settings, tables = TaskSettings(name=name), read_local(name)
    table = next(tables[role] for role in ("test", "validation", "train") if role in tables)
    number = {name: i for i, name in enumerate(label_names)}
    number |= {str(i): i for i in range(len(label_names)) if str(i) not in number}
    texts = texts_of(table, settings.text_column)
    labels = labels_of(table, settings.label_column)
    strange = next((label for label in labels if label not in number), None)
    if strange is not None or not labels:
        shown = ", ".join(map(str, label_names))
        raise UserError(f"{name}: label {strange!r} is none of the model's classes, {shown}")
    return Split(tuple(texts), tuple(number[str(label)] for label in labels), table.origin)

"""Labelled texts for a model that has its classes already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from kdnas.errors import UserError
from kdnas.records import Text
from kdnas.tasks.files import read_local
from kdnas.tasks.labels import labels_of
from kdnas.tasks.tables import Columns
from kdnas.tasks.task import Split
from kdnas.tasks.texts import pair_remark, texts_of

_USUAL = Columns()


@dataclass(frozen=True)
class LabelledTexts:
    """The rows of a local file or saved folder that have a text, in their order.

    Attributes:
        origin: The file.
        rows: The number of each text in it, from 1.
        texts: One line each, or pairs of lines.
        labels: As they are written; None where a row has none.
        classes: How the data calls its classes: 0 and 1 where the labels are numbers. They say
            what the texts are about, whatever a model calls its classes.
        empty: Rows without a text.
        remark: What a user should know of how they were read; often nothing.
    """

    origin: str
    rows: tuple[int, ...]
    texts: tuple[Text, ...]
    labels: tuple[str | None, ...]
    classes: tuple[str, ...]
    empty: int
    remark: str

    @property
    def pairs(self) -> bool:
        """Whether its texts are pairs."""
        return isinstance(self.texts[0], tuple)

    @classmethod
    def read(cls, name: str, columns: Columns = _USUAL) -> Self:
        """Read a path; of a folder with several splits test, or else validation, or else train.

        Args:
            name: The path.
            columns: Those of texts and labels.

        Raises:
            UserError: The data cannot be read, or there is no text in it.
        """
        tables = read_local(name)
        table = next(tables[role] for role in ("test", "validation", "train") if role in tables)
        texts, labels = texts_of(table, columns), labels_of(table, columns)
        kept = [row for row, text in enumerate(texts) if text]
        if not kept:
            raise UserError(f"{name} has no text: every row of its {len(texts)} is blank")
        written = table.class_names.get(columns.label) or sorted(
            {label for label in labels if label}
        )
        return cls(
            table.origin,
            tuple(row + 1 for row in kept),
            tuple(texts[row] for row in kept),
            tuple(labels[row] for row in kept),
            tuple(written),
            len(texts) - len(kept),
            pair_remark(table, columns),
        )

    def among(self, label_names: Sequence[str]) -> Split:
        """The texts with the numbers of a model's classes.

        Args:
            label_names: The classes; a label is one of them or a number below their count.

        Raises:
            UserError: A label is none of them.
        """
        number = {name: i for i, name in enumerate(label_names)}
        number |= {str(i): i for i in range(len(label_names)) if str(i) not in number}
        for row, label in zip(self.rows, self.labels, strict=True):
            if label not in number:
                shown = ", ".join(label_names)
                found = "no label" if label is None else f"the label {label!r}"
                raise UserError(
                    f"{self.origin}: text {row} has {found}; the model's classes are {shown}"
                )
        return Split(
            self.texts, tuple(number[label] for label in self.labels if label), self.origin
        )

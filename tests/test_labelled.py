"""Labelled texts for a model that has its classes already."""

from pathlib import Path

import pytest

from kdnas.errors import UserError
from kdnas.tasks import labelled_texts

CLASSES = ("negative", "positive")


def written(path: Path, *rows: str) -> str:
    path.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return str(path)


@pytest.mark.parametrize("labels", [("0", "1"), ("negative", "positive")])
def test_labels_are_numbers_or_class_names(labels: tuple[str, str], tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.tsv", f"dull\t{labels[0]}", f"fine\t{labels[1]}", f"bad\t{labels[0]}"
    )
    found, written_labels = labelled_texts(file, CLASSES)
    assert written_labels == labels
    assert found.texts == ("dull", "fine", "bad")
    assert found.labels == (0, 1, 0)


def test_one_class_is_enough(tmp_path: Path) -> None:
    assert labelled_texts(written(tmp_path / "a.tsv", "fine\t1"), CLASSES)[0].labels == (1,)


@pytest.mark.parametrize(
    ("row", "words"), [("fine\t2", "text 1 has the label '2'"), ("fine\t", "text 1 has no label")]
)
def test_a_label_that_the_model_lacks_is_named(row: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        labelled_texts(written(tmp_path / "a.tsv", row), CLASSES)


def test_a_class_named_by_a_number_is_that_class(tmp_path: Path) -> None:
    file = written(tmp_path / "a.tsv", "fine\t1", "dull\t0")
    assert labelled_texts(file, ("1", "0"))[0].labels == (0, 1)

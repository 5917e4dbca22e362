"""Labelled texts for a model that has its classes already."""

from pathlib import Path

import pytest

from kdnas.errors import UserError
from kdnas.tasks import LabelledTexts

CLASSES = ("negative", "positive")


def written(path: Path, *rows: str) -> str:
    path.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return str(path)


@pytest.mark.parametrize("labels", [("0", "1"), ("negative", "positive")])
def test_labels_are_numbers_or_class_names(labels: tuple[str, str], tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.tsv", f"dull\t{labels[0]}", f"fine\t{labels[1]}", f"bad\t{labels[0]}"
    )
    read = LabelledTexts.read(file)
    found = read.among(CLASSES)
    assert read.classes == labels
    assert found.texts == ("dull", "fine", "bad")
    assert found.labels == (0, 1, 0)


def test_one_class_is_enough(tmp_path: Path) -> None:
    assert LabelledTexts.read(written(tmp_path / "a.tsv", "fine\t1")).among(CLASSES).labels == (1,)


@pytest.mark.parametrize(
    ("row", "words"), [("fine\t2", "text 1 has the label '2'"), ("fine\t", "text 1 has no label")]
)
def test_a_label_that_the_model_lacks_is_named(row: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=words):
        LabelledTexts.read(written(tmp_path / "a.tsv", row)).among(CLASSES)


def test_a_class_named_by_a_number_is_that_class(tmp_path: Path) -> None:
    file = written(tmp_path / "a.tsv", "fine\t1", "dull\t0")
    assert LabelledTexts.read(file).among(("1", "0")).labels == (0, 1)


def test_a_row_without_a_text_is_left_out_and_counted(tmp_path: Path) -> None:
    read = LabelledTexts.read(written(tmp_path / "a.tsv", " \t1", "dull\t0", "\t0", "fine\tx"))
    assert (read.texts, read.empty) == (("dull", "fine"), 2)
    with pytest.raises(UserError, match="text 4 has the label 'x'"):
        read.among(CLASSES)


def test_a_file_of_blank_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no text: every row of its 2 is blank"):
        LabelledTexts.read(written(tmp_path / "a.tsv", " \t1", "\t0"))

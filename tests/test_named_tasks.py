"""Data sets that are known by name: GLUE in its own files and on the hub, and the offline pairs."""

from dataclasses import replace
from pathlib import Path

import datasets
import numpy as np
import pytest
from glue_files import COUNT, downloaded

from kdnas.augment import similarity
from kdnas.config import TaskSettings
from kdnas.config.named import NAMED
from kdnas.errors import UserError
from kdnas.metrics import TASK_METRICS
from kdnas.records import written
from kdnas.resources import data_resources
from kdnas.tasks import Source, Task, build_task
from kdnas.tasks import hub as reader
from kdnas.tasks.packaged import bbc_pairs

GLUE = [name for name in NAMED if name.startswith("glue/")]


def task_of(name: str, **changes) -> Task:
    return build_task(lambda text: text, **dict(TaskSettings(name=name, **changes)))


@pytest.mark.parametrize("name", GLUE)
def test_glue_is_read_from_its_own_files(name: str, tmp_path: Path) -> None:
    task = task_of(name, path=downloaded(name, tmp_path))
    named = NAMED[name]
    assert task.metric == named.metric
    assert task.of_numbers == (name == "glue/stsb")
    assert (task.pairs, task.remarks[:-1]) == (named.premise is not None, ())
    assert len(task.train) == COUNT
    assert len(task.search) + len(task.report) == COUNT
    first = task.train.texts[0]
    if named.premise:
        assert first[0].startswith('first "p')
        assert first[1].startswith("second h")
    else:
        assert first.startswith('first "p')
    begin = 2 * COUNT if name == "glue/mnli-mm" else COUNT
    held_out = {str(text).split(" ")[-1].strip("()',") for text in task.search.texts}
    ends = {f"{'e' if named.premise else 'b'}{i}" for i in range(begin, begin + COUNT)}
    assert held_out <= ends


def test_rows_of_another_length_are_left_out(tmp_path: Path) -> None:
    folder = downloaded("glue/qqp", tmp_path)
    with (tmp_path / "train.tsv").open("a") as file:
        file.write("7\t8\n")
    assert len(task_of("glue/qqp", path=folder).train) == COUNT


def test_a_missing_or_empty_file_of_glue_is_one_line(tmp_path: Path) -> None:
    folder = downloaded("glue/mrpc", tmp_path)
    (tmp_path / "train.tsv").write_text("")
    with pytest.raises(UserError, match=r"train.tsv is empty"):
        task_of("glue/mrpc", path=folder)
    (tmp_path / "train.tsv").unlink()
    with pytest.raises(UserError, match=r"there is no train.tsv in"):
        task_of("glue/mrpc", path=folder)


HUB_SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize("name", GLUE)
def test_glue_is_read_from_the_hub(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named, asked = NAMED[name], []
    columns = [named.premise, named.text] if named.premise else [named.text or "sentence"]
    label = datasets.Value("float32") if name == "glue/stsb" else datasets.ClassLabel(2)

    def split(begin: int, hidden: bool = False) -> datasets.Dataset:
        numbers = range(begin, begin + COUNT)
        found = {c: [f"{c} x{i} y{i} z{i}" for i in numbers] for c in columns}
        found["label"] = [-1 if hidden else i % 2 for i in numbers]
        kinds = {**dict.fromkeys(columns, datasets.Value("string")), "label": label}
        return datasets.Dataset.from_dict(found, features=datasets.Features(kinds))

    def load(asked_for: str) -> datasets.DatasetDict:
        asked.append(asked_for)
        ends = ("_matched", "_mismatched") if "mnli" in name else ("",)
        parts = {"train": split(0)}
        for k, end in enumerate(ends, 1):
            parts |= {f"validation{end}": split(k * COUNT), f"test{end}": split(900, hidden=True)}
        return datasets.DatasetDict(parts)

    monkeypatch.setattr(reader, "load_hub", load)
    task = task_of(name)
    assert asked == [name.removesuffix("-mm")]
    assert (task.metric, task.pairs) == (named.metric, named.premise is not None)
    assert len(task.search) + len(task.report) == COUNT
    begin = 2 * COUNT if name == "glue/mnli-mm" else COUNT
    words = {f"x{i}" for i in range(begin, begin + COUNT)}
    assert all(words & set(written(text).split()) for text in task.search.texts)


def test_settings_go_before_what_a_name_says() -> None:
    chosen = TaskSettings(name="glue/mrpc", metric="accuracy")
    assert (chosen.metric, chosen.premise_column) == ("accuracy", "sentence1")
    assert TaskSettings(name="glue/sst2").text_column is None
    assert {named.metric for named in NAMED.values()} <= set(TASK_METRICS)


def test_what_offline_pairs_are_made_from_is_looked_up() -> None:
    found = [resource.what for resource in data_resources(TaskSettings(name="bbc-similarity"))]
    assert found == ["data bbc_news", "data minilm"]
    [hub] = data_resources(TaskSettings(name="glue/mnli-mm"))
    assert hub.what == "data glue/mnli"


# --- the offline pairs


def test_bbc_pairs_are_of_one_article_or_of_two() -> None:
    task = task_of("bbc-pairs")
    assert task.label_names == ("different", "same")
    assert task.offline
    assert abs(task.majority_share(task.train) - 0.5) < 0.01
    texts = [text for split in task.splits.values() for pair in split.texts for text in pair]
    assert len(texts) > 4000
    assert len(set(texts)) > 0.99 * len(texts), "no passage occurs twice"
    assert all(len(text.split()) == 45 for text in texts)


def some_pairs() -> Source:
    """Every tenth pair, so that the encoder reads a few hundred passages."""
    source = bbc_pairs()
    table = source.tables["train"]
    columns = {name: values[::10] for name, values in table.columns.items()}
    return replace(source, tables={"train": replace(table, columns=columns)})


def test_bbc_similarity_is_the_encoders_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from kdnas.attacks.resources import MiniLM

    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path))
    monkeypatch.setattr(similarity, "bbc_pairs", some_pairs)
    task = task_of("bbc-similarity", report=50)
    assert task.of_numbers
    encoder = MiniLM()
    first, second = (encoder(list(column)) for column in zip(*task.report.texts, strict=True))
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    cosines = (first * second).sum(axis=1) / lengths
    assert np.allclose(5 * cosines.clip(0), task.report.labels, atol=2e-3)
    labels = np.array(task.train.labels)
    assert 0 <= labels.min() < 1
    assert 4 < labels.max() <= 5

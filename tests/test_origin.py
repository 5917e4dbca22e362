"""Whatever a run is made from, changing it under the same path is refused by all that go on.

Data and teacher of a real run are changed one at a time, in place; then the run is resumed, a
student is exported, and a comparison goes on with its models.
"""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from heavy import save_tiny_bert, tiny_config, tiny_overrides
from safetensors.numpy import load_file, save_file

from kdnas.comparison.evaluator import ModelEvaluator
from kdnas.config import Config, load_config
from kdnas.errors import UserError
from kdnas.evaluation import load_task
from kdnas.export import export_student
from kdnas.pipeline import run_pipeline
from kdnas.runs import FILE_NAME, MODELS_FILE, Archive, ModelArchive, RunFolder, beginning, open_run
from kdnas.workers import open_workers


def search(config: Config, folder: Path, *, resume: bool = False) -> None:
    with open_run(RunFolder(folder), config, resume=resume) as archive:
        start = partial(open_workers, config, folder, 1, None)
        run_pipeline(config, RunFolder(folder), archive, start)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Config, Path]:
    """A run on files of its own, below one folder; its search has not ended."""
    place = tmp_path_factory.mktemp("origin")
    task = load_task(tiny_config(save_tiny_bert(place / "teacher")))
    for name, splits in (("train", [task.train]), ("dev", [task.search, task.report])):
        rows = [pair for s in splits for pair in zip(s.texts, s.labels, strict=True)]
        lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in rows)]
        (place / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    config = load_config(
        overrides=tiny_overrides(
            place / "teacher",
            f"task.name={place / 'train.tsv'}",
            f"task.validation={place / 'dev.tsv'}",
            "task.max_overlap=1",
        )
    )
    search(config, place / "comparison" / "weighted")
    with Archive.open(place / "comparison" / "weighted" / FILE_NAME) as archive:
        archive.set_meta(finished=False)
    with ModelArchive.create(place / "comparison" / MODELS_FILE, **beginning(config)):
        pass
    return config, place


def another_text(split: str, place: Path) -> None:
    """One word more in the first text of a split."""
    with Archive.read(place / "comparison" / "weighted" / FILE_NAME) as archive:
        known = {name: archive.originals(name) for name in ("search", "report")}
    file = place / ("train.tsv" if split == "train" else "dev.tsv")
    lines = file.read_text().splitlines()
    text = lines[1].split("\t")[0] if split == "train" else known[split][0][1]
    changed = [line.replace(text, f"indeed {text}", 1) for line in lines]
    assert changed != lines
    file.write_text("\n".join(changed) + "\n")


def another_label(place: Path) -> None:
    file = place / "dev.tsv"
    lines = file.read_text().splitlines()
    text, label = lines[1].split("\t")
    lines[1] = f"{text}\t{1 - int(label)}"
    file.write_text("\n".join(lines) + "\n")


def other_weights(place: Path) -> None:
    file = place / "teacher" / "model.safetensors"
    tensors = load_file(file)
    name = sorted(tensors)[0]
    tensors[name] = tensors[name] + np.float32(0.5)
    save_file(tensors, file, metadata={"format": "pt"})


def other_json(name: str, key: str, value: object, place: Path) -> None:
    file = place / "teacher" / name
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "train text": (partial(another_text, "train"), "the texts or labels of train"),
    "search text": (partial(another_text, "search"), "the texts or labels of"),
    "report text": (partial(another_text, "report"), "the texts or labels of"),
    "labels": (another_label, "the texts or labels of"),
    "teacher weights": (other_weights, "another teacher"),
    "teacher config": (
        partial(other_json, "config.json", "hidden_dropout_prob", 0.3),
        "another teacher",
    ),
    "tokenizer": (
        partial(other_json, "tokenizer_config.json", "model_max_length", 77),
        "another teacher",
    ),
}


def resumed(config: Config, place: Path) -> None:
    search(config, place / "comparison" / "weighted", resume=True)


def exported(config: Config, place: Path) -> None:
    folder = RunFolder(place / "comparison" / "weighted")
    shutil.rmtree(folder.students, ignore_errors=True)  # what is kept is exported whatever changes
    with Archive.read(folder.archive) as archive:
        row = next(row for row in archive.rows() if row.evaluation)
        export_student(folder, archive, row, place / "exported")


def compared(config: Config, place: Path) -> None:
    ModelEvaluator(config, {}, place / "comparison")


GOING_ON = (resumed, exported, compared)


@pytest.fixture
def kept(made: tuple[Config, Path], tmp_path: Path):
    """The files as they were are put back after the test: paths are part of the settings."""
    _, place = made
    shutil.copytree(place, tmp_path / "kept")
    yield
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "kept", place)


@pytest.mark.parametrize("go_on", GOING_ON)
@pytest.mark.parametrize("change", CHANGES)
def test_what_a_run_was_made_from_may_not_change(change, go_on, made, kept) -> None:
    config, place = made
    alter, said = CHANGES[change]
    alter(place)
    with pytest.raises(UserError) as refused:
        go_on(config, place)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (place / "exported").exists()


@pytest.mark.parametrize("go_on", GOING_ON)
def test_the_same_files_are_no_other_origin(go_on, made, kept) -> None:
    go_on(*made)

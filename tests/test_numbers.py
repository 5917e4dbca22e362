"""Tasks whose labels are numbers: read, learned, measured without an attack, and exported."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from heavy import TINY_ARCHITECTURE, tiny_overrides
from programs import kdnas, output_of
from scipy.stats import pearsonr, spearmanr

from kdnas.config import Config, TaskSettings, load_config
from kdnas.errors import UserError
from kdnas.evaluation import load_task, prepare
from kdnas.runs import FILE_NAME, Archive
from kdnas.tasks import Task, build_task
from kdnas.teachers import ProbeTraining, load_for_task, train_probes

TAB = "\t"
GOOD = ("dull", "weak", "fair", "fine", "good", "great")


def line(i: int) -> str:
    """A text whose first word says its number, as a class could not: to a fifth."""
    value = (i * 7) % 26 / 5
    return f"{GOOD[int(value)]} film n{i} it has {GOOD[round(value * 5) % 5]} parts\t{value}"


def file_of(path: Path, *lines: str, header: str = "text\tlabel") -> str:
    path.write_text("\n".join([header, *lines]) + "\n")
    return str(path)


def number_task(name: str, metric: str = "pearson-spearman", **changes: Any) -> Task:
    return build_task(lambda text: text, **dict(TaskSettings(name=name, metric=metric, **changes)))


# --- reading


def test_labels_are_the_numbers_themselves(tmp_path: Path) -> None:
    task = number_task(file_of(tmp_path / "train.tsv", *map(line, range(100))))
    assert task.of_numbers
    assert task.label_names == ("number",)
    told = {line(i).split("\t")[0]: float(line(i).split("\t")[1]) for i in range(100)}
    for split in task.splits.values():
        assert [told[text] for text in split.texts] == list(split.labels)
        assert all(type(label) is float for label in split.labels)
        assert task.majority_share(split) == 0.0
    heads = [np.mean(split.labels) for split in task.splits.values()]
    assert np.ptp(heads) < 0.5, "every split has small and large numbers"


def test_whole_numbers_are_numbers_too(tmp_path: Path) -> None:
    lines = [f"film n{i} x{i} y{i}\t{i % 3}" for i in range(60)]
    task = number_task(file_of(tmp_path / "train.tsv", *lines))
    assert set(task.train.labels) == {0.0, 1.0, 2.0}


REFUSED = {
    "words": (["a\t1", "b\tgood"], {}, "row 2 has the label 'good', which is no finite number"),
    "nan": (["a\t1", "b\tnan"], {}, "row 2 has the label 'nan', which is no finite number"),
    "infinite": (["a\t1", "b\tinf"], {}, "row 2 has the label 'inf', which is no finite number"),
    "one number": (["a\t1", "b\t1.0"], {}, "holds only 1, and numbers that are all the same"),
    "nothing": (["a\t", "b\t"], {}, "the column of labels holds nothing"),
    "no column": (["a\t1"], {"label_column": "score"}, "no column 'score'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_labels_that_are_no_numbers_are_one_line(case: str, tmp_path: Path) -> None:
    lines, changes, words = REFUSED[case]
    with pytest.raises(UserError, match=words) as refused:
        number_task(file_of(tmp_path / "train.tsv", *lines), **changes)
    assert "\n" not in str(refused.value)


def test_a_nan_of_a_parquet_file_is_one_line(tmp_path: Path) -> None:
    from datasets import Dataset

    rows = {"text": ["a", "b", "c"], "label": [1.0, float("nan"), 2.0]}
    Dataset.from_dict(rows).to_parquet(tmp_path / "train.parquet")
    with pytest.raises(UserError, match="row 2 has the label 'nan'"):
        number_task(str(tmp_path / "train.parquet"))


def test_hidden_labels_of_a_test_split_are_none(tmp_path: Path) -> None:
    file_of(tmp_path / "train.tsv", *map(line, range(100)))
    file_of(tmp_path / "test.tsv", *(f"{line(i).split(TAB)[0]}{TAB}-1.0" for i in range(100, 120)))
    assert sum(map(len, number_task(str(tmp_path)).splits.values())) == 100


def test_scores_as_classes_are_pointed_to_the_metric(tmp_path: Path) -> None:
    file = file_of(tmp_path / "train.tsv", *map(line, range(100)))
    with pytest.raises(UserError, match=r"task\.metric=pearson-spearman learns numbers"):
        number_task(file, metric="accuracy")


def test_f1_is_of_two_classes(tmp_path: Path) -> None:
    lines = [f"film n{i} x{i} y{i}\t{i % 3}" for i in range(90)]
    file = file_of(tmp_path / "train.tsv", *lines)
    with pytest.raises(UserError, match=r"task\.metric=f1 is of two classes, and .* has 3"):
        number_task(file, metric="f1")
    assert number_task(file, metric="matthews").metric == "matthews"


# --- settings


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([], r"there is no accuracy and nothing is attacked: set search.objectives="),
        (['search.objectives=["score", "robustness"]'], "there is no robustness"),
        (['search.objectives=["queries"]'], "there is no queries"),
        (['search.objectives=["score"]', "distill.method=ard"], "the labels are numbers"),
        (["teacher.method=gan-bert"], "'gan-bert' tells classes apart, and labels are numbers"),
        (['search.objectives=["score"]', "task.metric=rouge"], "no metric of tasks 'rouge'"),
    ],
)
def test_what_only_classes_have_is_refused_in_one_line(overrides: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        load_config(overrides=["task.metric=pearson", *overrides])
    assert "\n" not in str(refused.value)


def test_no_reproduction_of_numbers() -> None:
    asked = ['--set=search.objectives=["score"]', "--set=task.metric=pearson"]
    done = kdnas("reproduce", "--preset=quickstart-paper", *asked, "--out=x", check=False)
    assert done.returncode == 2
    assert "kdnas reproduce searches by robustness" in done.stderr
    assert "labels are numbers with task.metric=pearson" in done.stderr


# --- learning


@pytest.fixture(scope="module")
def overrides(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("numbers")
    changes = (f'task.name="{file_of(folder / "train.tsv", *map(line, range(400)))}"',
               "task.metric=pearson-spearman", 'search.objectives=["score", "parameters"]',
               "task.train=300", "task.max_overlap=1", "teacher.epochs=40",
               "teacher.learning_rate=3e-3", "distill.epochs=60",
               "distill.learning_rate=5e-3", "search.evaluations=4")  # fmt: skip
    return tiny_overrides(tiny_teacher, *changes)


@pytest.fixture(scope="module")
def chosen(overrides: list[str]) -> Config:
    return load_config(overrides=overrides)


@pytest.fixture(scope="module")
def run(overrides: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "run"
    done = kdnas("search", *(f"--set={each}" for each in overrides), "--out", folder)
    assert "always the mean gives 0.0" in done.stderr
    assert "attack" not in done.stdout
    return folder


def test_a_teacher_learns_numbers_and_its_probes_too(chosen: Config) -> None:
    prepared = prepare(chosen)
    assert prepared.spec is None
    assert prepared.search_logits.shape == (40, 1)
    assert prepared.teacher_accuracy > 0.6
    truth = np.array(prepared.task.search.labels)
    found = (
        pearsonr(truth, prepared.search_logits[:, 0])[0],
        spearmanr(truth, prepared.search_logits[:, 0])[0],
    )
    assert prepared.teacher_accuracy == pytest.approx(sum(found) / 2, abs=1e-6)
    assert prepared.floor(chosen.model_copy(update={"constraints": load_config(
        overrides=["constraints.accuracy_floor=auto"]).constraints})) == pytest.approx(
            prepared.teacher_accuracy / 3)  # fmt: skip


def test_probes_of_numbers_are_least_squares() -> None:
    torch.manual_seed(0)
    features, weight = torch.randn(200, 2, 4), torch.tensor([1.0, -2.0, 0.5, 0.0])
    truth = features[:, 1] @ weight
    found = train_probes(features, truth, ProbeTraining(epochs=60, learning_rate=0.05))
    assert found.shape == (200, 2, 1)
    assert (found[:, 1, 0] - truth).abs().max() < 0.05


def test_a_search_of_numbers_runs_to_its_end_and_is_sound(run: Path) -> None:
    with Archive.read(run / FILE_NAME) as archive:
        assert archive.attacks == {}
        rows = archive.rows()
        labels = archive.splits["search"].labels
        for row in rows:
            assert row.evaluation is not None
            predicted = archive.predictions(row.birth)
            assert row.evaluation.search.fit.pearson == pytest.approx(
                pearsonr(labels, predicted)[0], abs=1e-6
            )
        assert archive.meta("ended")
    assert "no contradiction" in kdnas("verify", run).stdout
    best = max(row.evaluation.search.fit.pearson for row in rows)
    assert best > 0.5, "students learn from the teacher"


def test_every_reader_understands_numbers(run: Path) -> None:
    front = json.loads(kdnas("front", run, "--json").stdout)
    assert front
    for member in front:
        assert 0 <= member["score"] <= 1
        assert member["accuracy"] is None
        assert member["robustness"] is None
        assert member["report"]["score"] is not None
    said = kdnas("front", run).stdout
    assert "Pearson" in said
    assert "robust" not in said
    assert "nan" not in said + kdnas("show", run).stdout
    assert "nan" not in kdnas("show", run, front[0]["key"][:8]).stdout
    assert "hypervolume.png" in kdnas("plot", run).stdout
    refused = kdnas("plot", run, "--figure", "process", check=False)
    assert "labels are numbers; there are hypervolume" in refused.stderr


def test_numbers_that_are_changed_are_found(run: Path, tmp_path: Path) -> None:
    import shutil
    import sqlite3
    from contextlib import closing

    copy = shutil.copytree(run, tmp_path / "copy")
    with closing(sqlite3.connect(copy / FILE_NAME)) as db:
        db.execute("UPDATE measurements SET predictions = zeroblob(length(predictions))")
        db.commit()
    done = kdnas("verify", copy, check=False)
    assert done.returncode == 1
    assert "are not those of the run" in done.stdout


def test_an_exported_student_predicts_the_numbers(run: Path, chosen: Config) -> None:
    key = json.loads(kdnas("front", run, "--json").stdout)[0]["key"]
    kdnas("export", run, key, "--out", run / "model")
    card = (run / "model" / "README.md").read_text()
    assert "nothing was attacked" in card
    task = load_task(chosen)
    program = (
        "import json, sys, kdnas.students\n"
        "from transformers import pipeline\n"
        f"score = pipeline('text-classification', {str(run / 'model')!r})\n"
        "print(json.dumps([score(text)[0]['score'] for text in json.load(sys.stdin)]))"
    )
    told = json.loads(output_of(program, json.dumps(task.search.texts)))
    with Archive.read(run / FILE_NAME) as archive:
        [birth] = [row.birth for row in archive.rows() if row.key == key]
        predicted = archive.predictions(birth)
    assert np.allclose(told, predicted, atol=1e-5)
    data = file_of(run / "data.tsv", *map(line, range(5)))
    refused = kdnas("attack", "--model", run / "model", "--data", data, check=False)
    assert "is made for regression" in refused.stderr


def test_one_architecture_of_numbers_through_the_pipeline(
    overrides: list[str], tmp_path: Path
) -> None:
    (tmp_path / "arch.json").write_text(TINY_ARCHITECTURE.to_json())
    command = ["evaluate", tmp_path / "arch.json", *(f"--set={each}" for each in overrides)]
    [found] = json.loads(kdnas(*command, "--json").stdout)
    assert found["score"] is not None
    assert "robustness" not in kdnas(*command).stdout


def test_a_finished_teacher_has_to_have_one_output(tiny_teacher: Path) -> None:
    with pytest.raises(UserError, match="has 2 outputs, and labels are numbers"):
        load_for_task(str(tiny_teacher), ("number",), trained=True)

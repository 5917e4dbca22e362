"""Comparisons of methods by the metric of their task: numbers, F1, and the tests of both."""

import csv
import shutil
import sqlite3
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heavy import tiny_overrides
from scipy.stats import binomtest, pearsonr, spearmanr
from test_numbers import file_of, line
from typer.testing import CliRunner, Result

from kdnas.cli.app import app
from kdnas.config import load_config
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study import check_study
from kdnas.study.answers import SWAPS, Answers, jackknifed, score_gap
from kdnas.study.plan import made_beforehand, planned
from kdnas.study.recounted import RECOUNTED

SETTINGS = (
    "constraints.accuracy_floor=0.01",
    "compare.epochs=1",
    "compare.learning_rate=1e-3",
    "compare.replicates=2",
    'compare.methods=["kd","finetune"]',
    'compare.students=["drawn:1"]',
    "distill.epochs=10",
    "distill.learning_rate=5e-3",
)
"""Of a comparison of seconds."""

FIT = "mean of Pearson and Spearman"

NUMBERS = (
    "task.metric=pearson-spearman",
    'search.objectives=["score", "parameters"]',
    "task.train=200",
    "task.max_overlap=1",
    "teacher.epochs=10",
    "teacher.learning_rate=3e-3",
    *SETTINGS,
)
F1 = ("task.metric=f1", "teacher.epochs=20", "teacher.learning_rate=2e-3", *SETTINGS)


def call(command: str, overrides: list[str], *options: str) -> Result:
    settings = [word for override in overrides for word in ("--set", override)]
    return CliRunner().invoke(app, [command, *settings, *options])


@pytest.fixture(scope="module")
def numbers(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("numbers")
    name = file_of(folder / "train.tsv", *map(line, range(300)))
    return tiny_overrides(tiny_teacher, f'task.name="{name}"', *NUMBERS)


@pytest.fixture(scope="module")
def of_numbers(numbers: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "all"
    done = call("compare", numbers, "--out", str(folder), "--jobs", "1")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "trade-off: labels are numbers, which no attack flips" in done.output
    return folder


@pytest.fixture(scope="module")
def of_f1(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "all"
    overrides = tiny_overrides(tiny_teacher, *F1)
    done = call("compare", overrides, "--out", str(folder), "--jobs", "1")
    assert done.exit_code == 0, (done.output, done.exception)
    return folder


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "results" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def answers_in(folder: Path, name: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """The labels, and what each training of a model says."""
    with ModelArchive.read(folder / MODELS_FILE) as archive:
        rows = [row for row in archive.models() if row.name == name]
        told = [archive.predictions(name, row.replicate) for row in rows]
        return archive.splits["report"].labels, told


def test_numbers_are_compared_by_their_correlations(of_numbers: Path) -> None:
    lines = table(of_numbers, "methods")
    assert [each["method"] for each in lines] == ["", "kd", "finetune"]
    assert not {"worst class", "accuracy", "TextFooler"} & set(lines[0])
    for each in lines:
        name = f"{each['student']}.{each['method']}".rstrip(".")
        truth, told = answers_in(of_numbers, name)
        pairs = [(pearsonr(truth, x)[0], spearmanr(truth, x)[0]) for x in told]
        expected = 100 * np.mean(pairs)
        assert float(each[FIT]) == pytest.approx(expected, abs=1e-4)
        assert float(each[f"{FIT} error"]) > 0
    assert {each["score"] for each in table(of_numbers, "tests")} == {FIT}
    text = (of_numbers / "results" / "methods.md").read_text()
    assert "labels are numbers, which no attack flips" in text
    assert not (of_numbers / "results" / "trade-off.png").exists()


def test_f1_is_that_of_scikit_learn(of_f1: Path) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    lines = table(of_f1, "methods")
    for each in lines:
        name = f"{each['student']}.{each['method']}".rstrip(".")
        truth, told = answers_in(of_f1, name)
        expected = 100 * np.mean([sklearn.f1_score(truth, x, zero_division=0.0) for x in told])
        assert float(each["F1"]) == pytest.approx(expected, abs=1e-9)
    assert {"TextFooler", "DeepWordBug", "worst class"} < set(lines[0])
    scores = {each["score"] for each in table(of_f1, "tests")}
    assert scores == {"F1", "TextFooler", "DeepWordBug"}
    assert "exchanged at random" in (of_f1 / "results" / "tests.md").read_text()
    assert (of_f1 / "results" / "trade-off.png").exists()


@pytest.mark.parametrize("study", ["of_numbers", "of_f1"])
def test_they_are_sound_and_damage_is_found(
    study: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder = request.getfixturevalue(study)
    found = check_study(folder)
    assert not found.problems
    assert found.numbers == 3 * (2 if study == "of_numbers" else 4)
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    score = "F1" if study == "of_f1" else FIT
    wrong = next(each for each in table(copy, "methods") if each["method"] == "kd")[score]
    path = copy / "results" / "methods.csv"
    path.write_text(path.read_text().replace(f",{wrong},", ",9,", 1))
    said = [str(problem) for problem in check_study(copy).problems]
    assert any(f"{score}: 9 stands there" in each for each in said)
    with closing(sqlite3.connect(copy / MODELS_FILE)) as archive:
        archive.execute("UPDATE measurements SET predictions = zeroblob(length(predictions))")
        archive.commit()
    assert len(check_study(copy).problems) >= 3


def test_one_student_of_numbers_is_distilled(numbers: list[str], tmp_path: Path) -> None:
    out = str(tmp_path / "student")
    done = CliRunner().invoke(
        app,
        ["distill", "drawn:1", "--method", "kd", "--out", out]
        + [word for override in numbers for word in ("--set", override)],
    )
    assert done.exit_code == 0, (done.output, done.exception)
    card = (tmp_path / "student" / "README.md").read_text()
    assert f"| split | {FIT} | texts |" in card
    assert "Labels are numbers, so nothing was attacked." in card
    assert "nan" not in card
    assert FIT in done.output
    assert "robust" not in done.output


def test_methods_that_need_classes_are_refused_first(numbers: list[str], tmp_path: Path) -> None:
    wrong = [*numbers, 'compare.methods=["kd","ard"]']
    done = call("compare", wrong, "--out", str(tmp_path / "x"))
    assert "cannot teach drawn-1: it needs shares of classes" in str(done.exception)
    assert not (tmp_path / "x").exists()


# --- scores and tests


def answers(truth: Any, predicted: Any, metric: str, classes: int = 2) -> Answers:
    return Answers(np.array(truth), np.array(predicted), classes, metric)


def test_a_jackknife_of_a_mean_is_its_standard_error(rng: np.random.Generator) -> None:
    values = rng.normal(size=(1, 60))
    found = jackknifed(lambda chosen: values[:, chosen].mean(axis=1), 60)
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / 60**0.5)


def test_the_error_of_a_correlation_is_that_of_normal_numbers(rng: np.random.Generator) -> None:
    """In the mean about (1 - r^2) / sqrt(n - 1) (Fisher 1915)."""
    errors = []
    for _ in range(20):
        truth = rng.normal(size=200)
        told = 0.6 * truth + 0.8 * rng.normal(size=200)
        errors.append(answers(truth, [told], "pearson", 1).score.error)
    assert np.mean(errors) == pytest.approx(100 * 0.64 / 199**0.5, rel=0.15)


def test_randomisation_agrees_with_every_exchange(rng: np.random.Generator) -> None:
    truth = np.array([0, 1] * 5)
    one, other = (np.where(rng.random((2, 10)) < p, truth, 1 - truth) for p in (0.9, 0.5))
    first, second = (answers(truth, told, "f1") for told in (one, other))
    seen = abs((first.each() - second.each()).mean())
    as_far = 0
    for swaps in product([False, True], repeat=10):
        changed = np.where(swaps, other, one), np.where(swaps, one, other)
        gaps = [answers(truth, told, "f1").each() for told in changed]
        as_far += abs((gaps[0] - gaps[1]).mean()) >= seen - 1e-9
    exact = as_far / 2**10
    assert score_gap(first, second).p == pytest.approx(exact, abs=4 * (exact / SWAPS) ** 0.5)


def test_randomisation_finds_a_difference_and_none_between_equals(
    rng: np.random.Generator,
) -> None:
    truth = rng.normal(size=60)
    good, bad = (truth + noise * rng.normal(size=(1, 60)) for noise in (0.5, 2.0))
    better, worse = (answers(truth, told, "pearson", 1) for told in (3 * good + 7, bad))
    found = score_gap(better, worse)
    assert found.p == 1 / (SWAPS + 1)
    assert found.difference.value > 3 * found.difference.error
    same = score_gap(better, answers(truth, 0.1 * good - 5, "pearson", 1))
    assert same.difference.value == pytest.approx(0, abs=1e-6)


def test_accuracy_keeps_its_exact_test() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    one, other = (np.where(rng.random((1, 60)) < p, truth, 1 - truth) for p in (0.8, 0.6))
    found = score_gap(answers(truth, one, "accuracy"), answers(truth, other, "accuracy"))
    only, rest = (
        int(((one == truth) & (other != truth)).sum()),
        int(((other == truth) & (one != truth)).sum()),
    )
    assert found.p == pytest.approx(binomtest(only, only + rest).pvalue)


@pytest.mark.parametrize("metric", RECOUNTED)
def test_two_ways_to_count_a_score_agree(metric: str, rng: np.random.Generator) -> None:
    for classes in (2,) if metric in ("f1", "accuracy-f1") else (2, 4):
        truth, told = rng.integers(0, classes, (2, 50))
        if "p" in metric:  # numbers
            truth, told, classes = rng.normal(size=50), rng.normal(size=50), 1
        [found] = answers(truth, [told], metric, classes).each()
        again = np.mean([of(truth, told) for of in RECOUNTED[metric]])
        assert found == pytest.approx(100 * again, abs=1e-4)


def test_constant_answers_have_no_correlation_in_either_count() -> None:
    truth = np.array([0, 1, 1, 0])
    for metric in ("matthews", "pearson", "spearman"):
        (of,) = RECOUNTED[metric]
        assert of(truth, truth * 0) == 0.0
        assert answers(truth, [truth * 0], metric, 2 if metric == "matthews" else 1).each() == [0.0]


# --- plans


def test_a_plan_counts_and_trains_nothing(numbers: list[str], tmp_path: Path) -> None:
    chosen = 'compare.methods=["kd","takd","born-again"]'
    out = tmp_path / "x"
    students = 'compare.students=["drawn:1","layers:1","cells"]'
    done = call("compare", [*numbers, chosen, students], "--out", str(out), "--dry-run")
    assert done.exit_code == 0, (done.output, done.exception)
    assert "trainings: 18 = 3 students x 3 methods x 2 replicates" in done.output
    assert "made once: the teacher; takd: 1 model between teacher and student" in done.output
    assert "layers-1: a training by KD" in done.output
    assert "attack" not in done.output
    assert not out.exists()


def test_a_plan_times_every_attack(tiny_teacher: Path) -> None:
    more = [
        'compare.methods=["kd","ard","skd","more"]',
        'compare.rows.more={method="augmentation",by=["embedding","tinybert"],mixed=false}',
    ]
    config = load_config(overrides=tiny_overrides(tiny_teacher, *F1, *more))
    stages: list[str] = []
    plan = planned(config, stages.append)
    assert stages == ["data", "training of drawn-1", "textfooler on it", "deepwordbug on it"]
    (student,) = plan.students
    twice = 2.7 * 4 / 3  # texts learned from: two by each of two, not one and two
    each = student.training * (1.0 + 2.0 + 1.0 + twice) + 4 * student.attacks
    assert plan.seconds(1, 8) == pytest.approx(2 * each)
    assert plan.seconds(8, 2) == pytest.approx(each)
    assert plan.bytes == 8 * student.bytes
    assert list(made_beforehand(config)) == [
        "ard: attacked texts", "skd: a team of 4 teachers", "more: texts with synonyms",
    ]  # fmt: skip

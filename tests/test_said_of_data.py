"""A user reads what became of his rows before hours are spent on them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from test_search import toy_config
from transformers import AutoConfig, BertForSequenceClassification
from typer.testing import CliRunner

from kdnas.cache import cache_folder
from kdnas.cli import app
from kdnas.config import TaskSettings
from kdnas.errors import UserError
from kdnas.estimate import estimate_run
from kdnas.evaluation import prepare, remarks_on
from kdnas.evaluation.prepare import saying_epochs
from kdnas.records import is_sentiment
from kdnas.runs import FILE_NAME, Archive, RunFolder, open_run
from kdnas.tasks import Columns, LabelledTexts, Task, build_task


def task_of(folder: Path, rows: list[str], **settings: object) -> Task:
    file = folder / "rows.tsv"
    file.write_text("\n".join(["text\tlabel", *rows]) + "\n")
    return build_task(lambda text: text, **dict(TaskSettings(name=str(file), **settings)))


def distinct(texts: int, labels: tuple[str, ...] = ("bad", "good")) -> list[str]:
    return [f"w{i} x{i} y{i} z{i}\t{labels[i % len(labels)]}" for i in range(texts)]


def test_nothing_is_said_of_rows_that_are_all_used(tmp_path: Path) -> None:
    task = task_of(tmp_path, distinct(300))
    assert task.remarks == ()
    assert task.sizes == (
        "train 180 (bad 90, good 90); search 60 (bad 30, good 30); report 60 (bad 30, good 30)"
    )


def test_rows_that_are_left_out_are_counted_by_reason(tmp_path: Path) -> None:
    twice = ["w0 x0 y0 z0\tbad", "W1 x1 y1 z1\tgood", "w2 x2 y2 z2\tgood"]
    task = task_of(tmp_path, [*distinct(300), *twice, "\tbad", "no label\t"])
    assert task.remarks == (
        "of 305 rows left out: 2 without text or label, 2 with the text of another row, 2 whose"
        " text occurs with different labels",
    )


def test_texts_that_no_split_has_are_counted(tmp_path: Path) -> None:
    task = task_of(tmp_path, distinct(1000), train=100, search=70, report=80)
    assert [r for r in task.remarks if r.startswith("750 texts are in no split")]
    paper = task_of(tmp_path, distinct(1000), protocol="paper")
    assert len(paper.train) + len(paper.search) == 1000
    assert paper.remarks == ()


def test_classes_that_differ_in_capitals_and_few_texts_are_remarked(tmp_path: Path) -> None:
    task = task_of(tmp_path, distinct(100, ("Bad", "bad", "Good")))
    twins, few = task.remarks
    assert twins.startswith("'Bad' and 'bad' are two classes")
    assert few.startswith("search-val has 20 texts, on which scores vary by 22 points")


def test_of_many_classes_some_are_counted(tmp_path: Path) -> None:
    sizes = task_of(tmp_path, distinct(300, tuple("abcdef"))).sizes
    assert sizes.startswith("train 180 (a 30, b 30, c 30, d 30, e 30, ...); search 60 (")


def test_all_of_it_is_said_before_the_teacher_is_trained(config) -> None:
    lines: list[str] = []

    def stage(name: str) -> None:
        if name == "teacher":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        prepare(config, stage, lines.append)
    assert lines[0].startswith("data: train 160 (negative 80, positive 80); search 40 (")


def test_the_remark_on_an_attack_names_the_setting_of_a_run(config, task) -> None:
    named = "--set attack.textfooler.polarity=on refuses that"
    assert named in config.attack.remark(["left", "right"])
    assert "--set polarity=on refuses that" in config.attack.remark(["left", "right"], "polarity")
    assert not [line for line in remarks_on(config, task) if line.startswith("attack")]


@pytest.mark.parametrize(
    ("classes", "sentiments"),
    [
        (["negative", "positive"], True), (["Bad", "GOOD"], True), (["positive"], True),
        (["neg", "neutral", "pos"], True), (["0", "1"], False), (["good", "evil"], False),
        (["fake", "real"], False),
    ],
)  # fmt: skip
def test_classes_are_sentiments_by_their_names(classes: list[str], sentiments: bool) -> None:
    assert is_sentiment(classes) == sentiments


def test_a_quoted_file_with_semicolons_is_told_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('"text";"label"\n"a film; of sorts";"0"\n')
    with pytest.raises(UserError, match="separates its fields by ';'"):
        LabelledTexts.read(str(file))


@pytest.fixture(scope="module")
def model(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of the classes bad and good that always says bad."""
    from kdnas.teachers import load_tokenizer

    folder = tmp_path_factory.mktemp("model")
    names = {"id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}}
    classifier = BertForSequenceClassification(AutoConfig.from_pretrained(tiny_teacher, **names))
    classifier.classifier.weight.data.zero_()
    classifier.classifier.bias.data[:] = classifier.classifier.bias.new_tensor([1.0, 0.0])
    classifier.save_pretrained(folder)
    load_tokenizer(str(tiny_teacher)).save_pretrained(folder)
    return folder


def said(*words: object) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    return result.stdout


def test_the_columns_of_a_file_are_named_to_an_attack(model: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("body,rating\na bad film,bad\na warm film,good\n")
    columns = ("--text-column", "body", "--label-column", "rating")
    fast = ("--recipe", "deepwordbug", "--json")
    found = json.loads(said("attack", "--model", model, "--data", file, *columns, *fast))
    assert [(r["original"], r["label"], r["outcome"]) for r in found] == [
        ("a bad film", 0, "failed"),
        ("a warm film", 1, "skipped"),
    ]
    with pytest.raises(UserError, match=r"kdnas attack and transfer: --text-column NAME"):
        LabelledTexts.read(str(file), Columns(label="rating"))


def archive_of(run: Path, texts: tuple[str, ...]) -> None:
    run.mkdir()
    with Archive.create(run / FILE_NAME) as archive:
        archive.set_meta(task={"labels": ["bad", "good"], "pairs": False})
        if texts:
            archive.record_split("report", [0, 1, 1], 2, texts)


def test_the_texts_that_a_run_was_reported_on_are_attacked(model: Path, tmp_path: Path) -> None:
    archive_of(tmp_path / "run", ("a bad film", "a warm film"))
    run = ("--data", tmp_path / "run", "--recipe", "deepwordbug", "--json")
    found = json.loads(said("attack", "--model", model, *run))
    assert [(r["original"], r["label"]) for r in found] == [("a bad film", 0), ("a warm film", 1)]
    with pytest.raises(UserError, match=r"is a run, whose texts have no columns"):
        said("attack", "--model", model, *run, "--text-column", "body")
    with Archive.open(tmp_path / "run" / FILE_NAME) as archive:
        archive.set_meta(task={"labels": ["bad"], "pairs": False})
    with pytest.raises(UserError, match="a text of class 1, of 1 classes"):
        said("attack", "--model", model, *run)
    archive_of(tmp_path / "new", ())
    with pytest.raises(UserError, match="holds no texts of its report"):
        said("attack", "--model", model, "--data", tmp_path / "new", "--recipe", "deepwordbug")


def test_what_an_estimate_compares_is_not_kept(config, new_caches: Callable[[], None]) -> None:
    """So that a second one times the same work."""
    new_caches()
    estimate_run(config)
    assert list(cache_folder().glob("plans-*")), "what a run makes once is"
    assert not list(cache_folder().glob("similarities-*"))


def test_a_run_that_is_not_finished_says_so(tmp_path: Path) -> None:
    """Nothing is evaluated yet, so there is no table either."""
    config = toy_config(evaluations=7)
    folder = RunFolder(tmp_path / "run")
    with open_run(folder, config, resume=False):
        pass
    found = CliRunner().invoke(app, ["front", str(folder.path)], catch_exceptions=False)
    assert f"{folder.path} is not finished (0 of 7 students): its front may" in found.stderr
    assert "no student is evaluated yet" in found.stdout
    assert said("show", folder.path) == "no student is evaluated yet\n"


def test_epochs_of_a_teacher_show_the_score_on_texts_kept_back() -> None:
    lines: list[str] = []
    told = saying_epochs(lines.append)
    told(1, 2, 0.5, 0.875)
    told(2, 2, 0.25)
    assert lines == [
        "  epoch 1 of 2, loss 0.500, 87.5 on texts kept back",
        "  epoch 2 of 2, loss 0.250",
    ]

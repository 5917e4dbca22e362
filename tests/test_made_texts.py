"""Texts that were made for trainings: what a comparison records and shows of them."""

import csv
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from heavy import tiny_overrides
from typer.testing import CliRunner

from kdnas.attacks.engine.metrics import cosine_similarity
from kdnas.attacks.resources import MiniLM
from kdnas.cli.app import app
from kdnas.config import Config, load_config
from kdnas.distillation import recipe_of
from kdnas.evaluation import further_texts, prepare, sampled_pairs
from kdnas.records import MOST_MADE, MadeText, Text, written
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study import check_study
from kdnas.training import choose_device, encode, logits_of, predict

pytestmark = pytest.mark.timeout(1200)

METHODS = ("kd", "augmentation", "mate")
SETTINGS = (
    "teacher.epochs=20",
    "teacher.learning_rate=2e-3",
    "constraints.accuracy_floor=0.01",
    "compare.replicates=1",
    "distill.mate.masked=0.5",
    f"compare.methods={list(METHODS)}",
    "compare.attacks=[]",
    'compare.students=["drawn:1"]',
)


@pytest.fixture(scope="module")
def settings(tiny_teacher: Path) -> list[str]:
    return tiny_overrides(tiny_teacher, *SETTINGS)


@pytest.fixture(scope="module")
def done(settings: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "all"
    words = [word for setting in settings for word in ("--set", setting)]
    result = CliRunner().invoke(app, ["compare", "--out", str(folder), "--jobs", "1", *words])
    assert result.exit_code == 0, (result.output, result.exception)
    return folder


@pytest.fixture
def copy(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "copy"))


@pytest.fixture(scope="module")
def made(done: Path) -> dict[str, list[MadeText]]:
    with ModelArchive.read(done / MODELS_FILE) as archive:
        return {method: archive.made(f"drawn-1.{method}") for method in METHODS}


@pytest.fixture(scope="module")
def config(settings: list[str]) -> Config:
    return load_config(overrides=settings)


def test_methods_that_make_texts_leave_some(made: dict[str, list[MadeText]]) -> None:
    assert not made["kd"]
    assert len(made["augmentation"]) == MOST_MADE
    assert 100 < len(made["mate"]) <= 160
    assert all(each.original != each.made for some in made.values() for each in some)


def test_some_are_drawn_each_once_and_none_that_stayed() -> None:
    originals = [f"text {i}" for i in range(300)]
    attacked = [f"attacked {i}" if i % 3 else text for i, text in enumerate(originals)]
    some = sampled_pairs(originals, attacked)
    assert len(some) == 200
    assert set(some) == {(a, b) for a, b in zip(originals, attacked, strict=True) if a != b}
    many = sampled_pairs(originals, [f"{kind} {i}" for i in range(300) for kind in "aab"])
    assert len(set(many)) == len(many) == MOST_MADE
    assert all(made in (f"a {own[5:]}", f"b {own[5:]}") for own, made in map(_strings, many))
    assert sampled_pairs(originals, [f"{kind} {i}" for i in range(300) for kind in "aab"]) == many
    assert sampled_pairs(originals, None) == sampled_pairs(originals, originals) == []


def _strings(pair: tuple[Text, Text]) -> tuple[str, str]:
    return written(pair[0]), written(pair[1])


def test_they_are_of_the_training_texts(made: dict[str, list[MadeText]], config: Config) -> None:
    task = prepare(config).task
    own = config.model_copy(update={"distill": config.taught_by("augmentation")})
    texts = further_texts(recipe_of(own.distill), own, task)
    pairs = sampled_pairs(task.train.texts, texts)
    assert [(each.original, each.made) for each in made["augmentation"]] == pairs
    assert {each.original for some in made.values() for each in some} <= set(task.train.texts)


def test_encoder_and_teacher_say_so(made: dict[str, list[MadeText]], config: Config) -> None:
    prepared = prepare(config)
    model, tokenizer = prepared.teacher.load(choose_device()), prepared.tokenizer
    for some in made.values():
        sides = [[written(text) for text in side] for side in
                 ([e.original for e in some], [e.made for e in some])]  # fmt: skip
        if not some:
            continue
        vectors = [MiniLM()(side) for side in sides]
        alike = [each.similarity for each in some]
        assert np.allclose(alike, cosine_similarity(*vectors), atol=1e-4)
        answers = [
            predict(logits_of(model), encode(tokenizer, side, 32), model.device) for side in sides
        ]
        sure = np.min([np.abs(np.diff(each, axis=1)[:, 0]) for each in answers], axis=0) > 1e-3
        first, second = (each.argmax(axis=1) for each in answers)
        agrees = np.array([each.agrees for each in some])
        assert (agrees == (first == second))[sure].all()


def test_a_table_shows_them(done: Path, made: dict[str, list[MadeText]]) -> None:
    with (done / "results" / "made-texts.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert list(dict.fromkeys(line["method"] for line in lines)) == list(METHODS[1:])
    for method in METHODS[1:]:
        own, *_ = rows = [line for line in lines if line["method"] == method]
        assert len(rows) == 3
        assert int(own["pairs"]) == len(made[method])
        similarity = np.mean([each.similarity for each in made[method]])
        assert float(own["similarity"]) == pytest.approx(100 * float(similarity))
        agrees = np.mean([each.agrees for each in made[method]])
        assert float(own["teacher agrees"]) == pytest.approx(100 * float(agrees))
        shown = [float(line["of this pair"]) for line in rows]
        assert shown == sorted(shown)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("UPDATE made_texts SET made = made || ' x' WHERE number = 3", "text 3 that was made"),
        ("UPDATE made_texts SET similarity = 0.5 WHERE number = 0", "text 0 that was made"),
        ("UPDATE made_texts SET agrees = 1 - agrees WHERE number = 1", "text 1 that was made"),
        ("DELETE FROM made_texts WHERE number = 2", "is missing before number 3"),
        ("DELETE FROM made_texts WHERE number > 2", "the run is not as it was"),
    ],
)
def test_damage_is_found(done: Path, copy: Path, edit: str, said: str) -> None:
    assert not check_study(done).problems
    with closing(sqlite3.connect(copy / MODELS_FILE)) as archive:
        archive.execute(edit)
        archive.commit()
    shutil.rmtree(copy / "results")
    assert any(said in str(problem) for problem in check_study(copy).problems)


@pytest.mark.parametrize(
    "values",
    [
        "(1, 200, 'a', 'b', 0, 1, '')",
        "(1, 199, 'a', 'a', 0, 1, '')",
        "(1, 199, 'a', '', 0, 1, '')",
        "(1, 199, 'a', 'b', 1.5, 1, '')",
        "(1, 199, 'a', 'b', 0, 2, '')",
    ],
)
def test_the_table_refuses_what_cannot_be(copy: Path, values: str) -> None:
    with closing(sqlite3.connect(copy / MODELS_FILE)) as archive:
        archive.execute("DELETE FROM made_texts")
        with pytest.raises(sqlite3.IntegrityError):
            archive.execute(f"INSERT INTO made_texts VALUES {values}")

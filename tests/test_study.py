"""Ways of teaching compared in miniature: files, numbers, going on, damage, and refusals."""

import csv
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from heavy import TINY_ARCHITECTURE, tiny_overrides
from scipy.stats import binomtest
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner, Result

from kdnas.analysis.paper import compare, share
from kdnas.cli.app import app
from kdnas.config import load_config
from kdnas.errors import UserError
from kdnas.runs import MODELS_FILE, ModelArchive
from kdnas.study import OUTPUTS, check_study, student_of, study_models
from kdnas.study.tables import holm

pytestmark = pytest.mark.timeout(1200)  # a study is one fixture of them all

SETTINGS = (
    "teacher.epochs=20",
    "teacher.learning_rate=2e-3",
    "constraints.accuracy_floor=0.01",
    "compare.epochs=1",
    "compare.learning_rate=1e-3",
    "compare.replicates=2",
)
METHODS = ["kd", "finetune", "pkd"]
STUDENTS = ["drawn:1", "layers:1"]


def run(folder: Path, teacher: Path, *options: str, methods: list[str] = METHODS) -> Result:
    lists = (f"compare.methods={methods}", f"compare.students={STUDENTS}")
    settings = [s for o in tiny_overrides(teacher, *SETTINGS, *lists) for s in ("--set", o)]
    return CliRunner().invoke(app, ["compare", "--out", str(folder), *settings, *options])


@pytest.fixture(scope="module")
def done(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "all"
    result = run(folder, tiny_teacher, "--jobs", "2")
    assert result.exit_code == 0, (result.output, result.exception)
    return folder


@pytest.fixture
def copy(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "copy"))


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "results" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_table_and_the_figure_are_written(done: Path) -> None:
    endings = {"methods": ("md", "csv", "tex"), "tests": ("md", "csv", "tex")}
    endings["trade-off"] = ("png", "pdf")
    assert {*endings, "made-texts"} == set(OUTPUTS)  # no method of it makes texts
    expected = {f"{name}.{end}" for name in endings for end in endings[name]}
    assert {path.name for path in (done / "results").iterdir()} == expected
    lines = [(line["student"], line["method"]) for line in table(done, "methods")]
    pairs = [(s, m) for s in ("drawn-1", "layers-1") for m in METHODS]
    assert lines == [("teacher", ""), *pairs]


def test_methods_begin_alike_and_come_to_other_weights(done: Path) -> None:
    with ModelArchive.read(done / MODELS_FILE) as archive:
        rows = archive.models()
    seeds = {(row.name.partition(".")[0], row.replicate): set() for row in rows}
    for row in rows:
        seeds[row.name.partition(".")[0], row.replicate].add(row.seed)
    assert all(len(found) == 1 for found in seeds.values())
    assert len({seed for found in seeds.values() for seed in found}) == len(seeds)
    trained = [row.weights for row in rows]
    assert len(set(trained)) == len(trained) == 1 + 2 * 2 * 3


def test_numbers_are_those_of_plain_sql(done: Path) -> None:
    query = """
        SELECT 100.0 * avg(outcome = 'failed') FROM outcomes JOIN measurements USING (measurement)
        JOIN trials USING (trial) JOIN students USING (birth) JOIN attacks USING (attack)
        WHERE key = ? AND attacks.name = ?
    """
    columns = {"textfooler": "TextFooler", "deepwordbug": "DeepWordBug"}
    with closing(sqlite3.connect(done / MODELS_FILE)) as archive:
        for line in table(done, "methods")[1:]:
            name = f"{line['student']}.{line['method']}"
            for attack, column in columns.items():
                ((held,),) = archive.execute(query, (name, attack)).fetchall()
                header = next(key for key in line if key.startswith(column))
                assert float(line[header]) == pytest.approx(held)


def test_every_model_loads_anywhere(done: Path) -> None:
    for folder in (done / "models").iterdir():
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        assert model.config.num_labels == 2


def test_it_is_sound_and_damage_is_found(done: Path, copy: Path) -> None:
    found = check_study(done)
    assert not found.problems
    assert (found.models, found.numbers) == (13, 7 * 4)
    text = (copy / "results" / "methods.csv").read_text()
    (copy / "results" / "methods.csv").write_text(text.replace("kd,2,", "kd,2,9", 1))
    assert any("the texts give" in str(problem) for problem in check_study(copy).problems)


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE trials SET seed = seed + 1 WHERE trial = 2",
        "UPDATE outcomes SET outcome = 'failed', perturbed = '', words_changed = 0"
        " WHERE outcome = 'succeeded'",
        "UPDATE measurements SET predictions = zeroblob(length(predictions)) WHERE trial = 3",
        "DELETE FROM measurements WHERE trial = 1",
    ],
)
def test_an_edited_archive_is_noticed(copy: Path, edit: str) -> None:
    with closing(sqlite3.connect(copy / MODELS_FILE)) as archive:
        archive.execute(edit)
        archive.commit()
    assert check_study(copy).problems


def test_a_study_goes_on_and_grows(copy: Path, tiny_teacher: Path) -> None:
    """A lost model is trained again to the same scores; a method is added."""
    with ModelArchive.read(copy / MODELS_FILE) as archive:
        before = {(row.name, row.replicate): row.weights for row in archive.models()}
        predicted = archive.predictions("drawn-1.pkd", 2)
    shutil.rmtree(copy / "models" / "drawn-1.pkd-2")
    refused = run(copy, tiny_teacher)
    assert refused.exit_code != 0
    assert "add --resume" in str(refused.exception)
    more = [*METHODS, "label-smoothing"]
    result = run(copy, tiny_teacher, "--resume", methods=more)
    assert result.exit_code == 0, (result.output, result.exception)
    with ModelArchive.read(copy / MODELS_FILE) as archive:
        after = {(row.name, row.replicate): row.weights for row in archive.models()}
        assert np.array_equal(archive.predictions("drawn-1.pkd", 2), predicted)
    assert before.items() <= after.items()
    assert len(after) == len(before) + 4
    assert not check_study(copy).problems
    assert "label-smoothing" in (copy / "results" / "methods.md").read_text()


def test_other_settings_are_refused(copy: Path, tiny_teacher: Path) -> None:
    result = run(copy, tiny_teacher, "--resume", "--set", "distill.kd.temperature=3")
    assert "distill.kd.temperature" in str(result.exception)


def test_the_test_is_mcnemars_and_the_correction_is_holms() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.random((1, 60)) < p for p in (0.7, 0.5))
    only, rest = int((one & ~other).sum()), int((other & ~one).sum())
    assert compare(one, other).p == pytest.approx(binomtest(only, only + rest).pvalue)
    assert holm([0.01]) == [0.01]
    assert holm([0.04, 0.01, 0.03, 0.005]) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert share(one.astype(float) - other).value == pytest.approx(
        share(one).value - share(other).value
    )


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("layers", "no student 'layers'"),
        ("layers:x", "write a number after the colon"),
        ("nowhere.json", "no student 'nowhere.json'"),
        ("", "compare.students"),
    ],
)
def test_words_that_name_no_student_are_refused(word: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        study_models(load_config(overrides=[f'compare.students=["{word}"]']))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (['compare.methods=["kd","kd"]'], "compare.methods has 'kd' twice"),
        (["compare.methods=[]"], "compare.methods is empty"),
        (['compare.methods=["kdd"]'], "kdd"),
        (['compare.methods=["adversarial"]'], "cannot teach drawn-0"),
        (['compare.students=["drawn:1","drawn:01"]'], ""),
    ],
)
def test_studies_that_cannot_be_are_refused(settings: list[str], message: str) -> None:
    if not message:
        assert len(study_models(load_config(overrides=settings))) > 1
        return
    with pytest.raises(UserError, match=message):
        study_models(load_config(overrides=settings))


def test_a_file_and_a_drawn_one_are_students(tmp_path: Path) -> None:
    space = load_config(overrides=["search.seed=0"]).space
    (tmp_path / "arch.json").write_text(TINY_ARCHITECTURE.to_json())
    student = student_of(str(tmp_path / "arch.json"), space)
    assert student.name == f"student-{TINY_ARCHITECTURE.key[:12]}"
    assert json.loads(student_of("drawn:3", space).start)
    assert student_of("drawn:3", space) == student_of("drawn:3", space)
    assert student_of("every:2", space).kind == "every-layers"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cut:1:{none}", "none is no saved classifier"),
        ("cut:1", "name a saved classifier after the layers, as cut:1\\+3:FOLDER"),
        ("layers:0", "write a number after the colon, as layers:3"),
        ("every:0", "write a number after the colon, as every:3"),
        ("cut:1,2:{model}", "write layers after the colon"),
        ("cut:0:{model}", "write layers after the colon"),
        ("cut:2+1:{model}", "in rising order"),
        ("cut:1+1:{model}", "name each layer once"),
    ],
)
def test_layers_that_cannot_be_cut_out_are_refused(
    word: str, message: str, tiny_teacher: Path, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        student_of(word.format(model=tiny_teacher, none=tmp_path / "none"), None)
    student = student_of(f"cut:1+2:{tiny_teacher}", None)
    assert (student.name, student.kind) == (f"{tiny_teacher.name}-1-2", "cut")
    assert student.start == f"1+2:{tiny_teacher.resolve()}"


# --- one student


def distil(teacher: Path, *arguments: str) -> Result:
    settings = [s for o in tiny_overrides(teacher, *SETTINGS) for s in ("--set", o)]
    return CliRunner().invoke(app, ["distill", *arguments, *settings])


WORDS: dict[str, Callable[[Path], str]] = {
    "first": lambda _: "layers:1",
    "every": lambda _: "every:2",
    "cut": lambda done: f"cut:1:{done / 'models' / 'teacher-1'}",
    "cells": lambda _: "cells",
    "drawn": lambda _: "drawn:1",
    "saved": lambda done: str(done / "models" / "layers-1.kd-1"),
    "saved student": lambda done: str(done / "models" / "drawn-1.kd-1"),
}


@pytest.mark.parametrize("kind", WORDS)
def test_one_student_is_distilled(
    kind: str, done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    out = tmp_path / "student"
    result = distil(tiny_teacher, WORDS[kind](done), "--method", "kd", "--out", str(out))
    assert result.exit_code == 0, (result.output, result.exception)
    card = (out / "README.md").read_text()
    assert "taught by kd (Hinton 2015)" in card
    assert "temperature" in card
    assert AutoModelForSequenceClassification.from_pretrained(out).config.num_labels == 2
    assert "robustness" in result.output
    again = distil(tiny_teacher, WORDS[kind](done), "--method", "kd", "--out", str(out))
    assert "exists already" in str(again.exception)
    finished = distil(tiny_teacher, "layers:1", "--method", "kd", "--out", str(out), "--resume")
    assert finished.exit_code == 0


def test_unknown_methods_are_refused_with_those_that_there_are(tiny_teacher: Path) -> None:
    result = distil(tiny_teacher, "layers:1", "--method", "pdk", "--out", "x")
    assert "pdk" in str(result.exception)
    assert "pkd" in str(result.exception)

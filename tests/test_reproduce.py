"""A whole reproduction in miniature: its files, its identities, going on, and its refusals."""

import csv
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from heavy import tiny_overrides
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner, Result

from kdnas.archive import MODELS_FILE, Archive
from kdnas.cli.app import app
from kdnas.config import Config, load_config
from kdnas.errors import UserError
from kdnas.reproduce import (
    OUTPUTS,
    compared_models,
    finalists,
    read_material,
    read_runs,
    search_configs,
    write_outputs,
)
from kdnas.reproduce.models import TEACHER

SETTINGS = (
    "search.algorithm=tournament",
    "search.evaluations=10",
    "attack.spec=textattack",
    "attack.vocabulary=4000",
    "attack.texts=12",
    "attack.report_texts=16",
    "attack.mode=exact",
    "teacher.epochs=20",
    "teacher.learning_rate=2e-3",
    "distill.epochs=3",
    "constraints.accuracy_floor=0.01",
    "reproduce.uniform=12",
    "reproduce.replicates=2",
    "reproduce.strengths=[0.1]",
    "reproduce.strength=0.3",
    "reproduce.adversarial_epochs=1",
    "reproduce.patient_epochs=1",
    "reproduce.sweep_seeds=3",
)
TABLES = [name for name in OUTPUTS if not name.startswith("figure") and name != "searches"]


def run(folder: Path, teacher: Path, *options: str) -> Result:
    settings = [part for o in tiny_overrides(teacher, *SETTINGS) for part in ("--set", o)]
    return CliRunner().invoke(app, ["reproduce", "--out", str(folder), *settings, *options])


@pytest.fixture(scope="module")
def config(tiny_teacher: Path) -> Config:
    return load_config(overrides=tiny_overrides(tiny_teacher, *SETTINGS))


@pytest.fixture(scope="module")
def done(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduction") / "all"
    result = run(folder, tiny_teacher, "--jobs", "2")
    assert result.exit_code == 0, (result.output, result.exception)
    return folder


def sql(folder: Path, query: str) -> list[tuple]:
    with sqlite3.connect(folder / MODELS_FILE) as archive:
        return archive.execute(query).fetchall()


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "results" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_table_and_figure_is_written(done: Path) -> None:
    files = {path.name for path in (done / "results").iterdir()}
    for name in OUTPUTS:
        kinds = (".md", ".csv", ".tex") if name in TABLES else (".png", ".pdf")
        assert {name + kind for kind in kinds} <= files
    for path in (done / "results").iterdir():
        start = {".png": b"\x89PNG", ".pdf": b"%PDF"}.get(path.suffix, b"")
        assert path.stat().st_size > 50
        assert path.read_bytes().startswith(start)


def test_every_number_of_table_5_is_in_the_texts(done: Path) -> None:
    """Plain SQL over the attacked texts, without any code of the package."""
    query = """
        SELECT AVG(accuracy), AVG(robustness) FROM (
            SELECT 100.0 * AVG(outcome != 'skipped') AS accuracy,
                   100.0 * AVG(outcome = 'failed') AS robustness
            FROM texts WHERE attack = 'textfooler' AND name = '{}' GROUP BY replicate)
    """
    names = {"teacher": "teacher", "teacher (AT)": "teacher-at", "PKD": "pkd",
             "PKD (AT)": "pkd-at-0.3", "AdaBERT cells": "cells",
             "AdaBERT cells (AT)": "cells-at"}  # fmt: skip
    rows = {row["model"]: row for row in table(done, "table5")}
    assert set(names) < set(rows)
    assert any(name.startswith("searched: best fitness") for name in rows)
    assert sum(name.startswith("hand-made") for name in rows) == 4
    for label, name in names.items():
        ((accuracy, robustness),) = sql(done, query.format(name))
        assert float(rows[label]["accuracy"]) == pytest.approx(accuracy)
        assert float(rows[label]["robustness"]) == pytest.approx(robustness)
        ((size,),) = sql(done, f"SELECT DISTINCT parameters FROM models WHERE name = '{name}'")
        assert float(rows[label]["parameters M"]) == pytest.approx(size / 1e6)


def test_words_and_queries_of_table_1_are_in_the_texts(done: Path) -> None:
    query = """
        SELECT AVG(words), AVG(asked) FROM (
            SELECT 100.0 * COALESCE(AVG(CASE WHEN outcome = 'succeeded'
                     THEN 1.0 * words_changed / words END), 0) AS words,
                   AVG(CASE WHEN outcome != 'skipped' THEN queries END) AS asked
            FROM texts WHERE attack = 'textfooler' AND name = '{}' GROUP BY replicate)
    """
    rows = {row["model"]: row for row in table(done, "table1")}
    for label, name in {"PKD": "pkd", "AdaBERT cells": "cells", "teacher": "teacher"}.items():
        ((words, queries),) = sql(done, query.format(name))
        assert float(rows[label]["words changed %"]) == pytest.approx(words)
        assert float(rows[label]["queries"]) == pytest.approx(queries)


def test_a_model_is_right_on_nothing_that_fooled_it(done: Path) -> None:
    diagonal = sql(done, "SELECT SUM(correct), COUNT(*) FROM transfers WHERE surrogate = target")
    ((right, shown),) = diagonal
    assert right == 0
    assert shown > 0
    rows = {row["surrogate \\ target"]: row for row in table(done, "table2")}
    for name, row in rows.items():
        if row[name]:
            assert float(row[name]) == 0


def test_accuracy_under_attack_is_accuracy_times_what_is_left(done: Path) -> None:
    counts = sql(
        done,
        "SELECT COUNT(*), SUM(outcome = 'skipped'), SUM(outcome = 'succeeded'),"
        " SUM(outcome = 'failed') FROM texts GROUP BY name, replicate, attack",
    )
    for texts, skipped, succeeded, failed in counts:
        assert skipped + succeeded + failed == texts == 16
        if succeeded + failed:
            accuracy, rate = 1 - skipped / texts, succeeded / (succeeded + failed)
            assert failed / texts == pytest.approx(accuracy * (1 - rate))


def test_the_searches_start_from_the_same_students_evaluated_once(done: Path) -> None:
    runs = {}
    for name in ("weighted", "pareto", "random-edits"):
        with Archive.read(done / name / "archive.sqlite") as archive:
            runs[name] = archive.rows()[:4], [archive.texts(b, "search") for b in range(4)]
    first = runs["weighted"]
    assert all(row.evaluation and row.evaluation.train_seconds > 0 for row in first[0])
    for rows, texts in runs.values():
        assert [row.key for row in rows] == [row.key for row in first[0]]
        # Even the times are the same: they were not evaluated again.
        assert [row.evaluation for row in rows] == [row.evaluation for row in first[0]]
        assert texts == first[1]


def test_adversarial_training_sees_the_examples_of_its_strength(done: Path) -> None:
    found = dict(sql(done, "SELECT name, examples FROM models WHERE replicate = 1"))
    assert found["pkd"] == found["cells"] == found["cells-robust"] == 0
    assert 0 <= found["pkd-at-0.1"] <= found["pkd-at-0.3"]
    assert found["cells-extra"] == found["cells-robust-extra"] == found["teacher-at"]
    kept = json.loads((done / "examples" / "pkd-1.json").read_text())
    assert len(kept["attacked"]) == 48  # 0.3 of 160, also for the weaker one
    assert found["pkd-at-0.3"] == len(kept["texts"])


def test_every_model_is_a_hugging_face_model(done: Path) -> None:
    for name, replicate in sql(done, "SELECT name, replicate FROM models"):
        folder = done / "models" / f"{name}-{replicate}"
        model = AutoModelForSequenceClassification.from_pretrained(folder)
        ((parameters,),) = sql(
            done, f"SELECT parameters FROM models WHERE name='{name}' AND replicate={replicate}"
        )
        assert sum(p.numel() for p in model.parameters()) == parameters


def test_each_training_stands_after_what_it_needs(config: Config, done: Path) -> None:
    students = {a.key: a.to_json() for a in finalists(read_runs(done)).values()}
    models = compared_models(config.reproduce, students)
    known: set[tuple[str, int]] = set()
    for model in models:
        assert model.how == "teacher" or model.source in known
        known.add(model.identity)
    assert len(known) == len(models)
    assert models[0].name == TEACHER
    trained = {tuple(row) for row in sql(done, "SELECT name, replicate FROM models")}
    assert trained == known


def test_only_draws_from_the_archives_and_the_same(done: Path, tiny_teacher: Path) -> None:
    before = (done / "results" / "table5.csv").read_bytes()
    models = (done / MODELS_FILE).read_bytes()
    (done / "results" / "table5.csv").unlink()
    result = run(done, tiny_teacher, "--only", "table5,figure7")
    assert result.exit_code == 0, result.output
    assert (done / "results" / "table5.csv").read_bytes() == before
    assert (done / MODELS_FILE).read_bytes() == models
    assert len(result.stdout.split()) == 5


def test_a_finished_reproduction_trains_nothing_again(done: Path, tiny_teacher: Path) -> None:
    before = sql(done, "SELECT name, replicate, seconds FROM models ORDER BY rowid")
    refused = run(done, tiny_teacher)
    assert "add --resume" in str(refused.exception)
    assert run(done, tiny_teacher, "--resume").exit_code == 0
    assert sql(done, "SELECT name, replicate, seconds FROM models ORDER BY rowid") == before


def test_a_lost_model_is_trained_again_and_alike(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    columns = "text_index, predicted, outcome, perturbed"
    query = f"SELECT {columns} FROM texts WHERE name = 'cells-at' AND attack = 'textfooler'"
    before = sql(folder, f"{query} ORDER BY replicate, text_index")
    with sqlite3.connect(folder / MODELS_FILE) as archive:
        archive.execute("DELETE FROM models WHERE name = 'cells-at'")
        archive.execute("DELETE FROM texts WHERE name = 'cells-at'")
    assert run(folder, tiny_teacher, "--resume", "--jobs", "1").exit_code == 0
    assert sql(folder, f"{query} ORDER BY replicate, text_index") == before


# --- refusals


def test_an_unknown_output_is_refused(done: Path, config: Config) -> None:
    with pytest.raises(UserError, match="no output 'table9'; there are table1, "):
        write_outputs(read_material(config, done), done / "results", ["table9"])


def test_nothing_there_is_said(tmp_path: Path, config: Config) -> None:
    with pytest.raises(UserError, match="nothing of a reproduction"):
        read_material(config, tmp_path)


@pytest.mark.parametrize("change", ["attack.spec=rosearch", "task.seed=1"])
def test_another_task_or_attack_is_refused(change: str, done: Path, tiny_teacher: Path) -> None:
    result = run(done, tiny_teacher, "--only", "table1", "--set", change)
    assert f"holds a run with {change.split('=')[0]} = " in str(result.exception)


def test_without_baselines_the_other_figures_are_made(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "searches"
    for name in ("weighted", "random-uniform"):
        shutil.copytree(done / name, folder / name)
    result = run(folder, tiny_teacher, "--only", "table1,table2,figure6a,figure7")
    assert result.exit_code == 0
    assert {path.name for path in (folder / "results").iterdir()} == {"figure7.png", "figure7.pdf"}
    assert "table1: no line of it has scores yet" in result.stderr
    assert "figure6a: no scores of pkd yet" in result.stderr
    alone = run(folder, tiny_teacher, "--only", "table1")
    assert "none of it can be made yet" in str(alone.exception)


def test_too_few_students_are_too_few_for_a_sweep(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    shutil.copytree(done / "weighted", tmp_path / "few" / "weighted")
    with sqlite3.connect(tmp_path / "few" / "weighted" / "archive.sqlite") as archive:
        archive.execute("DELETE FROM evaluations WHERE birth > 4")
    result = run(tmp_path / "few", tiny_teacher, "--only", "weights,figure5")
    assert result.exit_code == 0
    assert "weights: 5 recorded students: the sweep needs 8" in result.stderr


def test_the_searches_differ_in_what_they_are_to_show(config: Config) -> None:
    configs = search_configs(config)
    assert [c.search.algorithm for c in configs.values()] == [
        "tournament", "nsga2", "random_edits", "random_uniform", "tournament",
    ]  # fmt: skip
    assert configs["no-floor"].constraints.accuracy_floor == 0
    assert configs["no-floor"].search.evaluations == 8
    assert configs["random-uniform"].search.evaluations == 12


@pytest.mark.parametrize("change", ["strengths=[0.1,2.0]", "strength=0.0"])
def test_strengths_are_shares(change: str) -> None:
    with pytest.raises(UserError, match=r"reproduce\.strength"):
        load_config(overrides=[f"reproduce.{change}"])

"""A whole reproduction in miniature: its files, its identities, going on, and its refusals."""

import csv
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit

import pytest
from heavy import tiny_overrides
from transformers import AutoModelForSequenceClassification
from typer.testing import CliRunner, Result

from kdnas.analysis.paper import write_outputs
from kdnas.cli.app import app
from kdnas.comparison import TEACHER, Model, Site, Trainings, build
from kdnas.config import Config, load_config
from kdnas.errors import UserError
from kdnas.progress import Listener
from kdnas.reproduce import (
    OUTPUTS,
    compared_models,
    finalists,
    read_material,
    read_runs,
    search_configs,
)
from kdnas.reproduce.models import compared_attacks
from kdnas.runs import FILE_NAME, MODELS_FILE, Archive, ModelArchive

SETTINGS = (
    "space.nodes=3",
    "search.algorithm=tournament",
    "search.evaluations=10",
    "attack.textfooler.similarity=textattack",
    "attack.textfooler.vocabulary=4000",
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
    "distill.adversarial.epochs=1",
    "distill.pkd.epochs=1",
    "reproduce.sweep_seeds=3",
)
FIRST = "measurement = (SELECT measurement FROM measurements WHERE trial = 1)"
"""What was measured of the teacher, which is built first."""

pytestmark = pytest.mark.timeout(2000)  # a reproduction is one fixture of them all

TABLES = [name for name in OUTPUTS if not name.startswith("figure")]
DRAWN = [name for name in OUTPUTS if name.startswith("figure") or name == "searches"]


def run(folder: Path, teacher: Path, *options: str) -> Result:
    settings = [part for o in tiny_overrides(teacher, *SETTINGS) for part in ("--set", o)]
    return CliRunner().invoke(app, ["reproduce", "--out", str(folder), *settings, *options])


@pytest.fixture(scope="module")
def done(tiny_teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduction") / "all"
    result = run(folder, tiny_teacher, "--jobs", "2")
    assert result.exit_code == 0, (result.output, result.exception)
    return folder


VIEWS = """
CREATE TEMP VIEW models AS
SELECT key AS name, replicate, parameters, examples, train_seconds AS seconds
FROM trials JOIN students USING (birth) ORDER BY trial;
CREATE TEMP VIEW texts AS
SELECT students.key AS name, replicate, attacks.name AS attack, text_index, predicted, outcome,
    words, words_changed, queries, perturbed
FROM outcomes JOIN attacks USING (attack) JOIN measurements USING (measurement)
JOIN trials USING (trial) JOIN students USING (birth);
"""


def sql(folder: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / MODELS_FILE)) as archive:
        archive.executescript(VIEWS)
        return archive.execute(query).fetchall()


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "results" / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_every_table_and_figure_is_written(done: Path) -> None:
    files = {path.name for path in (done / "results").iterdir()}
    expected = {name + kind for name in TABLES for kind in (".md", ".csv", ".tex")}
    expected |= {name + kind for name in DRAWN for kind in (".png", ".pdf")}
    assert files == expected
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
    assert sum(name.startswith("hand-made") for name in rows) == 5
    for label, name in names.items():
        ((accuracy, robustness),) = sql(done, query.format(name))
        assert float(rows[label]["accuracy"]) == pytest.approx(accuracy)
        assert float(rows[label]["robustness"]) == pytest.approx(robustness)
        ((size,),) = sql(done, f"SELECT DISTINCT parameters FROM models WHERE name = '{name}'")
        assert float(rows[label]["parameters M"]) == pytest.approx(size / 1e6)


def test_words_and_queries_of_table_1_are_in_the_texts(done: Path) -> None:
    query = """
        SELECT AVG(words), AVG(asked) FROM (
            SELECT 100.0 * AVG(CASE WHEN outcome = 'succeeded'
                     THEN 1.0 * words_changed / words END) AS words,
                   AVG(CASE WHEN outcome != 'skipped' THEN queries END) AS asked
            FROM texts WHERE attack = 'textfooler' AND name = '{}' GROUP BY replicate)
    """
    rows = {row["model"]: row for row in table(done, "table1")}
    for label, name in {"PKD": "pkd", "AdaBERT cells": "cells", "teacher": "teacher"}.items():
        ((words, queries),) = sql(done, query.format(name))
        told = rows[label]["words changed %"]
        assert told == "" if words is None else float(told) == pytest.approx(words)
        assert float(rows[label]["queries"]) == pytest.approx(queries)


def test_a_model_is_right_on_nothing_that_fooled_it(done: Path) -> None:
    diagonal = sql(done, "SELECT SUM(correct), COUNT(*) FROM transfers WHERE surrogate = target")
    ((right, shown),) = diagonal
    assert right == 0
    assert shown > 0
    rows = {row["surrogate \\ target"]: row for row in table(done, "table2")}
    assert any(row[name] for name, row in rows.items())
    for name, row in rows.items():
        if row[name]:
            assert float(row[name]) == 0


def test_the_means_of_the_last_students_are_in_the_archives(done: Path) -> None:
    for row in table(done, "searches"):
        with Archive.read(done / row["search"] / "archive.sqlite") as archive:
            last = [r.evaluation.search for r in archive.rows() if r.evaluation][-4:]
        for name in ("accuracy", "robustness"):
            expected = sum(100 * getattr(measured, name) for measured in last) / 4
            assert float(row[f"{name}, last 4"]) == pytest.approx(expected)


def test_the_thresholds_are_compared_in_every_training_by_the_sign(done: Path) -> None:
    query = """
        SELECT a.held, b.held FROM (SELECT name, replicate, SUM(outcome = 'failed') AS held
            FROM texts WHERE attack = 'textfooler' GROUP BY name, replicate) AS a
        JOIN (SELECT name, replicate, SUM(outcome = 'failed') AS held
            FROM texts WHERE attack = 'other-threshold' GROUP BY name, replicate) AS b
        USING (name, replicate)
    """
    pairs = sql(done, query)
    lower, higher = sum(b < a for a, b in pairs), sum(b > a for a, b in pairs)
    said = f"lower in {lower}, higher in {higher} of {len(pairs)} trainings"
    assert said in (done / "results" / "attacks.md").read_text()
    assert len(pairs) == len(sql(done, "SELECT 1 FROM models"))


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


def test_everything_is_counted_again_and_nothing_contradicts(done: Path) -> None:
    found = CliRunner().invoke(app, ["verify", str(done)])
    assert found.exit_code == 0, found.output
    numbers = sum(
        bool(value) and key not in ("model", "surrogate \\ target")
        for name in ("table1", "table2", "table3", "table4", "table5")
        for row in table(done, name)
        for key, value in row.items()
    )
    assert numbers > 100
    assert f"5 searches, {len(sql(done, 'SELECT 1 FROM models'))} models, {numbers} numbers" in (
        found.stdout
    )


def test_a_copy_of_the_archives_is_a_reproduction_to_draw_and_to_count(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    weights = shutil.ignore_patterns("models", "students", "examples")
    shutil.copytree(done, folder, ignore=weights)
    before = (folder / "results" / "table5.csv").read_bytes()
    assert run(folder, tiny_teacher, "--only", "table5,figure7").exit_code == 0
    assert (folder / "results" / "table5.csv").read_bytes() == before
    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 0


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (f"UPDATE outcomes SET outcome = 'failed', perturbed = '', words_changed = 0 WHERE {FIRST}"
         " AND outcome = 'succeeded'", "teacher 1, report: its predictions"),
        (f"UPDATE outcomes SET words = words + 1 WHERE {FIRST}", "teacher 1, report: its"),
        (f"UPDATE outcomes SET queries = queries + 1 WHERE {FIRST}", "teacher 1, report: its"),
        (f"UPDATE outcomes SET perturbed = 'x' WHERE {FIRST} AND perturbed != ''",
         "teacher 1, report: its predictions"),
        ("UPDATE trials SET parameters = 5 WHERE trial = 1", "teacher: its sizes, loss"),
        ("UPDATE trials SET examples = 5 WHERE trial = 1", "teacher: its sizes, loss"),
        ("UPDATE trials SET seed = 5 WHERE trial = 1", "teacher 1: its seed is 5"),
        ("UPDATE students SET genotype = '{}' WHERE key LIKE 'student%'", "or architecture has"),
        ("UPDATE originals SET text = 'x' WHERE text_index = 0", "meta split report"),
        ("UPDATE attacks SET digest = 'x' WHERE attack = 0", "attack textfooler: its digest is x"),
        ("UPDATE transfers SET correct = 1 WHERE surrogate = target", "to itself: it is right on"),
        ("UPDATE transfers SET correct = 1 - correct WHERE surrogate != target",
         "table2.csv, teacher to "),
        ("DELETE FROM transfers WHERE surrogate = 'cells' AND target = 'pkd'",
         "table2.csv, AdaBERT cells to PKD: "),
        ("DELETE FROM meta WHERE name = 'config'", "meta config: is no configuration"),
        ("UPDATE meta SET value = '\"other\"' WHERE name = 'teacher'",
         "meta teacher: is not that of the search"),
        (f"DELETE FROM outcomes WHERE {FIRST}", "teacher 1, report: its predictions"),
        ("DELETE FROM measurements WHERE trial = 1", "names a row of measurements that is not"),
        ("DELETE FROM trials WHERE trial = 1", "names a row of trials that is not there"),
    ],
)  # fmt: skip
def test_a_contradiction_is_found(statement: str, said: str, done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("students"))
    with closing(sqlite3.connect(folder / MODELS_FILE)) as archive, archive:
        assert archive.execute(statement).rowcount
    found = CliRunner().invoke(app, ["verify", str(folder)])
    assert found.exit_code == 1
    assert said in found.stdout


@pytest.mark.parametrize(
    ("place", "content", "said"),
    [
        ("results/table5.csv", b"\xff\xfe\x00", "table5.csv: is not what the archives give"),
        ("results/table1.md", b"| teacher | 100.0 |", "table1.md: is not what the archives give"),
        ("results/front.csv", b"student", "front.csv: is not what the archives give"),
        ("results/table3.tex", None, "table3.tex: is missing: --only table3 draws it again"),
        ("models/teacher-1/model.safetensors", b"", "models/teacher-1/model.safetensors: is dam"),
        ("pareto/archive.sqlite", None, "pareto: the search is gone, but its models are there"),
    ],
)
def test_a_file_that_is_damaged_or_gone_is_found(
    place: str, content: bytes | None, said: str, done: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    (folder / place).unlink()
    if content is not None:
        (folder / place).write_bytes(content)
    found = CliRunner().invoke(app, ["verify", str(folder)])
    assert found.exit_code == 1
    assert said in found.stdout


@pytest.mark.parametrize(
    ("column", "said"),
    [("teacher", "table2.csv, AdaBERT cells to teacher: "), ("texts", "table2.csv, AdaBERT cells")],
)
def test_a_number_that_is_none_is_found(column: str, said: str, done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("students", "models"))
    rows = table(folder, "table2")
    rows[1][column] = "abc"
    with (folder / "results" / "table2.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    found = CliRunner().invoke(app, ["verify", str(folder)])
    assert found.exit_code == 1
    assert said in found.stdout
    assert "abc stands there" in found.stdout


def test_what_is_drawn_without_a_search_says_so(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("students", "models", "pareto"))
    found = run(folder, tiny_teacher, "--only", "table5")
    assert found.exit_code == 0
    assert "the search pareto is gone" in found.stderr


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE originals SET label = 5",
        "UPDATE splits SET labels = x''",
        "UPDATE students SET genotype = '[' WHERE birth = 0",
        "DROP TABLE outcomes",
    ],
)
def test_a_comparison_that_cannot_be_understood_is_one_line(
    change: str, done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("students", "models"))
    with closing(sqlite3.connect(folder / MODELS_FILE)) as archive, archive:
        archive.execute("PRAGMA ignore_check_constraints = ON")
        archive.execute(change)
    found = run(folder, tiny_teacher, "--only", "table1")
    assert found.exit_code == 0 or isinstance(found.exception, UserError)
    assert "\n" not in str(found.exception or "")
    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 1


def test_a_reproduction_is_no_place_for_a_search(done: Path, tiny_teacher: Path) -> None:
    settings = [part for o in tiny_overrides(tiny_teacher) for part in ("--set", o)]
    found = CliRunner().invoke(app, ["search", "--out", str(done), *settings])
    assert found.exit_code == 1
    assert "holds a reproduction: choose another --out" in str(found.exception)
    assert not (done / "archive.sqlite").exists()


def test_a_misspelt_output_is_refused_before_anything_else(
    tiny_teacher: Path, tmp_path: Path
) -> None:
    found = run(tmp_path / "none", tiny_teacher, "--only", "Table5")
    assert "no output 'Table5'; there are table1" in str(found.exception)


def test_the_runs_of_a_reproduction_are_named_where_one_is_looked_for(done: Path) -> None:
    found = CliRunner().invoke(app, ["front", str(done)])
    assert f"there are runs at {done / 'no-floor'}, {done / 'pareto'}, " in str(found.exception)


def test_whoever_reads_the_settings_of_a_model_reads_its_weights(done: Path) -> None:
    for folder in (done / "models").iterdir():
        mode = (folder / "config.json").stat().st_mode
        assert (folder / "model.safetensors").stat().st_mode == mode


def test_a_changed_search_is_found_by_its_name(done: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder, ignore=shutil.ignore_patterns("students"))
    with closing(sqlite3.connect(folder / "pareto" / "archive.sqlite")) as archive, archive:
        archive.execute("UPDATE trials SET parameters = 5 WHERE trial = 3")
    found = CliRunner().invoke(app, ["verify", str(folder)])
    assert found.exit_code == 1
    assert "pareto: trial 3: " in found.stdout


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
    assert found["pkd-at-0.1"] <= found["pkd-at-0.3"]
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
    models = compared_models(config, students)
    known: set[tuple[str, int]] = set()
    for model in models:
        assert model.source is None or model.source.identity in known
        known.add(model.identity)
    assert len(known) == len(models)
    assert models[0].name == TEACHER.name
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


def test_a_write_that_fails_costs_no_older_file(done: Path, tiny_teacher: Path) -> None:
    file = done / "results" / "table1.md"
    before = file.read_bytes()
    most, at_most = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (20, at_most))  # as of a disk that fills up
    try:
        result = run(done, tiny_teacher, "--only", "table1")
    finally:
        setrlimit(RLIMIT_FSIZE, (most, at_most))
    assert str(result.exception).startswith(f"cannot write {file} (File too large): ")
    assert file.read_bytes() == before


def test_the_status_of_a_reproduction(done: Path) -> None:
    said = CliRunner().invoke(app, ["status", str(done)]).stdout
    for name in search_configs(load_config()):
        assert f"{done / name}: finished" in said
    count = len(sql(done, "SELECT 1 FROM models"))
    assert f"{done}: nobody works on it\n{count} of {count} models trained and attacked" in said


def test_a_finished_reproduction_trains_nothing_again(done: Path, tiny_teacher: Path) -> None:
    before = sql(done, "SELECT name, replicate, seconds FROM models")
    refused = run(done, tiny_teacher)
    assert "add --resume" in str(refused.exception)
    assert run(done, tiny_teacher, "--resume").exit_code == 0
    assert sql(done, "SELECT name, replicate, seconds FROM models") == before


def test_a_lost_model_is_trained_again_and_alike(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    columns = "text_index, predicted, outcome, perturbed"
    query = f"SELECT {columns} FROM texts WHERE name = 'cells-at' AND attack = 'textfooler'"
    before = sql(folder, f"{query} ORDER BY replicate, text_index")
    assert len(before) == 32
    with closing(sqlite3.connect(folder / MODELS_FILE)) as archive, archive:
        lost = "SELECT trial FROM trials JOIN students USING (birth) WHERE key = 'cells-at'"
        measured = f"SELECT measurement FROM measurements WHERE trial IN ({lost})"
        archive.execute(f"DELETE FROM outcomes WHERE measurement IN ({measured})")
        archive.execute(f"DELETE FROM measurements WHERE trial IN ({lost})")
        archive.execute(f"DELETE FROM trials WHERE trial IN ({lost})")
    assert run(folder, tiny_teacher, "--resume", "--jobs", "1").exit_code == 0
    assert sql(folder, f"{query} ORDER BY replicate, text_index") == before


def test_a_deleted_model_is_noticed_and_trained_again(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    weights = folder / "models" / "cells-robust-2" / "model.safetensors"
    before = weights.read_bytes()
    shutil.rmtree(weights.parent)
    found = CliRunner().invoke(app, ["verify", str(folder)])
    assert found.stdout == (
        "models/cells-robust-2/model.safetensors: is missing: --resume trains the model again\n"
    )
    assert run(folder, tiny_teacher, "--resume", "--jobs", "1").exit_code == 0
    assert weights.read_bytes() == before


def test_a_process_that_dies_costs_one_model_at_most(
    done: Path, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One dies whenever it is trained; another one dies once."""
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    students = {a.key: a.to_json() for a in finalists(read_runs(done)).values()}
    models = [m for m in compared_models(config, students) if m.replicate == 1]
    lacking = [m for m in models if m.name in ("cells-robust", "cells-at", "pkd-at-0.3")]
    for model in lacking:
        shutil.rmtree(folder / "models" / f"{model.name}-1")
    monkeypatch.setenv("KDNAS_TEST_DEATHS", str(tmp_path))
    monkeypatch.setattr(build, "open_evaluator", open_where_some_die)
    built: list[tuple[str, int, int]] = []
    trainings = Trainings(config, models, compared_attacks(config))
    with (
        ModelArchive.open(folder / MODELS_FILE) as archive,
        pytest.warns(UserWarning, match=r"cells-at is left out: its process died \(SIGKILL\)"),
    ):
        build.build_models(trainings, archive, Site(folder, 2, listener=Told(built)))
    assert [len(models) - 2, len(models) - 1] == [done for _, done, _ in built]
    assert sorted(what for what, _, _ in built) == [
        "model cells-robust, training 1",
        "model pkd-at-0.3, training 1",
    ]


class Told(Listener):
    """Keeps what it is told of each model."""

    def __init__(self, kept: list[tuple[str, int, int]]) -> None:
        self._kept = kept

    def counted(self, part: str, what: str, done: int, total: int) -> None:
        self._kept.append((what, done, total))


def open_where_some_die(*arguments: object) -> Callable[[Model], object]:
    """What a worker process opens; it is pickled, so what is patched is not patched there."""
    return partial(dying, build.open_evaluator(*arguments))


def dying(evaluate: Callable[[Model], object], model: Model) -> object:
    """Train a model; the first time pkd-at-0.3 dies, and cells-at always."""
    mark = Path(os.environ["KDNAS_TEST_DEATHS"]) / "pkd-at-0.3"
    if model.name == "pkd-at-0.3" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if model.name == "cells-at":
        os.kill(os.getpid(), signal.SIGKILL)
    return evaluate(model)


# --- refusals


def test_a_reproduction_that_ended_before_its_first_student_is_none(
    tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    wrong = run(folder, tiny_teacher, "--set", "task.path=/nowhere")
    assert "there is no file or folder /nowhere" in str(wrong.exception)
    assert not folder.exists()
    folder.mkdir()
    without_weights = tmp_path / "teacher"
    shutil.copytree(tiny_teacher, without_weights, ignore=shutil.ignore_patterns("*.safetensors"))
    for seed in ("1", "2"):  # the second one is another reproduction
        wrong = run(folder, without_weights, "--set", f"search.seed={seed}")
        assert "half a download: model.safetensors is missing" in str(wrong.exception)
        assert not any(folder.iterdir()), "nothing is begun"


def test_a_search_is_no_place_for_a_reproduction(tiny_teacher: Path, tmp_path: Path) -> None:
    Archive.create(tmp_path / FILE_NAME, finished=True).__exit__()
    for options in ((), ("--resume",)):
        found = run(tmp_path, tiny_teacher, *options)
        assert "holds a search: choose another --out" in str(found.exception)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("there", [True, False])
def test_only_a_reproduction_can_be_gone_on_with(
    there: bool, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "reproduction"
    if there:
        folder.mkdir()
    found = run(folder, tiny_teacher, "--resume")
    assert "no reproduction in" in str(found.exception)
    assert "leave out --resume" in str(found.exception)
    assert folder.exists() == there
    assert not list(folder.glob("*"))


def test_an_unknown_output_is_refused(done: Path, config: Config) -> None:
    with pytest.raises(UserError, match="no output 'table9'; there are table1, "):
        write_outputs(OUTPUTS, read_material(config, done), done / "results", ["table9"])


def test_nothing_there_is_said(tmp_path: Path, config: Config) -> None:
    with pytest.raises(UserError, match="nothing of a reproduction"):
        read_material(config, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        "attack.textfooler.similarity=rosearch",
        "task.seed=1",
        "reproduce.strength=0.2",
        "reproduce.epochs=9",
    ],
)
def test_another_task_or_attack_is_refused(change: str, done: Path, tiny_teacher: Path) -> None:
    result = run(done, tiny_teacher, "--only", "table1", "--set", change)
    assert f"holds a run with {change.split('=')[0]} = " in str(result.exception)


def test_models_are_not_trained_on_other_texts_than_the_searches(
    done: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(done, folder)
    with Archive.open(folder / "weighted" / "archive.sqlite") as archive:
        task = archive.meta("task")
        task["splits"]["report"]["sha256"] = "0" * 64
        archive.set_meta(task=task)
    shutil.rmtree(folder / "models" / "cells-at-2")
    result = run(folder, tiny_teacher, "--resume", "--jobs", "1")
    assert "on other data than its task has now" in str(result.exception)


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
    with (
        closing(sqlite3.connect(tmp_path / "few" / "weighted" / "archive.sqlite")) as archive,
        archive,
    ):
        for table in ("trials", "students"):
            archive.execute(f"DELETE FROM {table} WHERE birth > 4")
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

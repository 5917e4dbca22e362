"""`kdnas verify`: a sound run has no problem, every damage is named, and nothing is written.

The runs are real searches of toy students whose sizes and texts agree with their predictions.
"""

import json
import os
import random
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from toy_runs import toy_settings
from typer.testing import CliRunner

import kdnas.runs.reading as reading_module
from kdnas.analysis import pareto_front
from kdnas.cli.app import app
from kdnas.config import AttackSettings, Config, ConstraintSettings, StudentSettings, TaskSettings
from kdnas.errors import UserError
from kdnas.loop import report_front, run_search
from kdnas.metrics import accuracy_floor, metrics_of
from kdnas.offline import content_hash
from kdnas.problems import TOY_SPACE
from kdnas.records import (
    AttackOutcome,
    AttackSpec,
    Evaluation,
    EvaluationFailed,
    Job,
    Measurement,
    Report,
    TextOutcome,
)
from kdnas.runs import (
    FILE_NAME,
    MODELS_FILE,
    SETTINGS_FILE,
    Archive,
    ModelArchive,
    RunFolder,
    beginning,
)
from kdnas.runs.measured import OUTCOME_COLUMNS, measured_digest
from kdnas.runs.reading import reading
from kdnas.space import NetworkShape, count_block_parameters, count_flops, count_parameters
from kdnas.verify import Problem, Verdict, check
from kdnas.verify.files import weight_problems
from kdnas.workers import Inline

TEXTS, ATTACKED = 20, 8
PUBLISHED = Path(__file__).parent.parent / "docs" / "results" / "scaled-sst2" / "no-floor"
LENGTH = 8
SHAPE = NetworkShape(vocabulary=50, positions=LENGTH)
LABELS = (np.arange(TEXTS) % 2).tolist()
TAUGHT = [1 - label if i < 4 else label for i, label in enumerate(LABELS)]
FLOOR = accuracy_floor(0.5, 0.8)
CONFIG = Config(
    space=TOY_SPACE,
    search=toy_settings("nsga2", evaluations=16, population=6),
    student=StudentSettings(max_length=LENGTH, positions=LENGTH),
    attack=AttackSettings(texts=ATTACKED, report_texts=ATTACKED),
    task=TaskSettings(train=100),
    constraints=ConstraintSettings(max_parameters=10**9),
)
TASK = {
    "splits": {name: {"texts": TEXTS, "majority_share": 0.5} for name in ("search", "report")}
    | {"train": {"texts": 90}}
}


def evaluate(spec: AttackSpec, folder: Path, job: Job) -> Evaluation | Report:
    """Every seventh student fails; the others are right and hold out by chance."""
    if job.seed % 7 == 0:
        raise EvaluationFailed("non_finite", "the loss is nan")
    rng = np.random.default_rng([job.seed, job.stage == "report"])
    measured, texts, predictions = attacked(spec, rng)
    if job.stage == "report":
        return Report(measured, 0.5, texts, predictions)
    arch = job.architecture
    return Evaluation(
        count_parameters(arch, SHAPE),
        count_block_parameters(arch, SHAPE),
        count_flops(arch, SHAPE, LENGTH),
        measured,
        loss=0.7,
        train_seconds=3.0,
        attack_seconds=2.0,
        texts=texts,
        predictions=predictions,
        values={"milliseconds": 1.5},
        weights=store(folder, arch.key),
    )


def attacked(
    spec: AttackSpec, rng: np.random.Generator
) -> tuple[Measurement, tuple[TextOutcome, ...], tuple[int, ...]]:
    """Two classes in turn, three of four texts right, half of the attacks successful."""
    labels = np.array(LABELS)
    predicted = np.where(rng.random(TEXTS) < 0.75, labels, 1 - labels)
    texts = []
    for index, (label, guess) in enumerate(zip(labels[:ATTACKED], predicted, strict=False)):
        hit = bool(rng.random() < 0.5)
        outcome = "skipped" if label != guess else "succeeded" if hit else "failed"
        changed, perturbed = (3, "a dull film") if outcome == "succeeded" else (0, "")
        queries = None if spec.lazy else int(rng.integers(1, 99))
        sizes = (int(rng.integers(5, 30)), changed, queries, perturbed)
        texts.append(TextOutcome(index, int(label), int(guess), outcome, *sizes))

    def counts(values: np.ndarray) -> tuple[int, ...]:
        return tuple(np.bincount(values, minlength=2).tolist())

    right = counts(labels[predicted == labels])
    outcome = AttackOutcome.of(texts, 2)
    measured = Measurement(right, counts(labels), counts(predicted), outcome, spec.digest)
    return measured, tuple(texts), tuple(predicted.tolist())


def record(path: Path, mode: str = "exact") -> None:
    """A whole run in `path`, as the pipeline records it, with its weights."""
    spec = AttackSpec(mode=mode)
    (path / "students").mkdir(parents=True)
    with (
        Archive.create(path / FILE_NAME, synchronous="OFF", **beginning(CONFIG)) as archive,
        Inline(lambda job: evaluate(spec, path / "students", job)) as workers,
    ):
        archive.set_meta(finished=False, task=TASK, teacher="a teacher", shape=asdict(SHAPE))
        archive.set_meta(majority_share=0.5, teacher_accuracy=0.8, teacher_predictions=TAUGHT)
        archive.set_meta(floor=FLOOR, stages={"search": 3.5})
        archive.record_attacks({"textfooler": spec})
        for split in ("search", "report"):
            texts = [f"{split} text {i}" for i in range(ATTACKED)]
            archive.record_split(split, LABELS, 2, texts)
        run_search(
            CONFIG,
            archive,
            workers,
            floor=FLOOR,
            accept=lambda arch: True,
            progress=lambda birth, done: None,
        )
        front = pareto_front(archive.rows(), metrics_of(CONFIG.search.objectives), FLOOR)
        report_front(front, archive, workers, lambda birth, done: None)
        (path / "tokenizer").mkdir()
        (path / "tokenizer" / "tokenizer.json").write_text("{}")
        archive.set_meta(tokenizer=content_hash(path / "tokenizer"))
        archive.end()
    (path / "status.json").write_text('{"stage": "report"}')
    (path / "lock.json").write_text("{}")


def store(folder: Path, key: str, numbers: int = 10) -> str:
    """Write weights and return their checksum."""
    path = folder / f"{key}.safetensors"
    named = np.frombuffer(key.encode(), dtype=np.uint8)
    save_file({"a": np.arange(numbers, dtype=np.uint8), "b": named}, path)
    return content_hash(path)


@pytest.fixture(scope="session", params=["exact", "lazy"])
def either(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "run"
    record(path, request.param)
    return path


@pytest.fixture(scope="session")
def sound(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "run"
    record(path)
    return path


@pytest.fixture
def run(sound, tmp_path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


def execute(run: Path, *statements: str) -> None:
    """Change the archive as nothing but an editor of databases can: no constraint is asked."""
    with closing(sqlite3.connect(run / FILE_NAME, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            db.execute(statement)


def query(run: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(run / FILE_NAME)) as db:
        return db.execute(sql).fetchall()


def found(run: Path) -> tuple[Problem, ...]:
    return check(RunFolder(run)).problems


def contents(run: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in run.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@dataclass(frozen=True)
class Births:
    """Students of the sound run to do damage to."""

    ok: int
    failed: int
    front: int
    key: str
    last: int


@pytest.fixture(scope="session")
def births(sound) -> Births:
    with Archive.open(sound / FILE_NAME) as archive:
        rows = archive.rows()
    ok = next(r for r in rows if r.evaluation and not r.report and 0 < r.birth < len(rows) - 1)
    failed = next(row.birth for row in rows if row.failure)
    front = next(row.birth for row in rows if row.report)
    return Births(ok.birth, failed, front, ok.key, len(rows) - 1)


# Sound runs


def test_a_sound_run_has_no_problem(either):
    verdict = check(RunFolder(either))
    assert verdict.problems == ()
    students, reports, texts = (
        query(either, f"SELECT count(*) FROM {table}")[0][0]
        for table in ("students", "measurements WHERE split = 'report'", "outcomes")
    )
    assert verdict == Verdict((), students, reports, texts)
    assert students == 16
    assert reports > 1
    assert texts > ATTACKED * reports


UNTOLD = "UPDATE trials SET status = 'pending', " + ", ".join(
    f"{name} = NULL"
    for name in (
        *("parameters", "block_parameters", "flops", "loss", "train_seconds", "attack_seconds"),
        *("metrics", "weights", "digest", "failure", "message", "attempts", "seconds", "worker"),
    )
)


def test_an_unfinished_run_is_sound(run, births):
    """As it is after a kill: one student pending, one with a result but not told, no report."""
    last = births.last
    measured = f"SELECT measurement FROM measurements WHERE split = 'report' OR trial = {last}"
    execute(
        run,
        f"{UNTOLD} WHERE trial = {last}",
        f"DELETE FROM outcomes WHERE measurement IN ({measured})",
        f"DELETE FROM measurements WHERE measurement IN ({measured})",
        f"DELETE FROM events WHERE kind = 'tell' AND trial >= {last - 1}",
        "UPDATE meta SET value = 'false' WHERE name = 'finished'",
        "DELETE FROM meta WHERE name = 'seal'",
    )
    assert found(run) == ()


def test_a_run_without_students_is_sound(tmp_path):
    """Before its first stage has ended."""
    with Archive.create(tmp_path / FILE_NAME, **beginning(CONFIG), finished=False):
        pass
    assert check(RunFolder(tmp_path)) == Verdict(())


def test_there_has_to_be_an_archive(tmp_path):
    with pytest.raises(UserError, match=r"no run at .*: archive\.sqlite is missing"):
        check(RunFolder(tmp_path))


def test_trials_with_counts_only_are_named():
    """The published archives are converted ones."""
    verdict = check(RunFolder(PUBLISHED))
    assert (verdict.problems, verdict.counts_only) == ((), 40)
    result = CliRunner().invoke(app, ["verify", str(PUBLISHED)])
    assert result.output.splitlines()[0] == "40 trials counts only"


# Contradictions: place and message of a finding that each damage must give

Damage = tuple[str | list[str], str, str]

_OK = "WHERE trial = {ok}"


def change(table: str, values: str, where: str = _OK) -> str:
    return f"UPDATE {table} SET {values} {where}"


def meta(name: str, value: str) -> str:
    return f"UPDATE meta SET value = '{value}' WHERE name = '{name}'"


def setting(path: str, value: str) -> str:
    return f"UPDATE meta SET value = json_set(value, '$.{path}', {value}) WHERE name = 'config'"


def redigested(path: str, value: str) -> list[str]:
    """A setting that was changed by someone who knows of the digest: `test_...` puts it right."""
    return [setting(path, value), "DIGEST"]


_SEARCH = "(SELECT measurement FROM measurements WHERE trial = {ok} AND split = 'search')"
_TEXT = f"WHERE measurement = {_SEARCH}"
_HIT = f"{_TEXT} AND outcome = 'succeeded'"
_CHANGED = "are not those of the run"

SETTINGS: dict[str, Damage] = {
    "config is gone": ("DELETE FROM meta WHERE name = 'config'", "meta config", "no configuration"),
    "config does not validate": (
        setting("search.evaluations", "0"),
        "meta config",
        "search.evaluations: Input should be greater",
    ),
    **{
        f"the setting {path} was {value}": (setting(path, value), "meta config", "its digest")
        for path, value in (
            ("search.seed", "5"),
            ("distill.epochs", "9"),
            ("search.objectives", """json('["accuracy"]')"""),
            ("attack.texts", "10"),
            ("constraints.accuracy_floor", "0.1"),
        )
    },
    "attack.texts was smaller": (
        redigested("attack.texts", "7"),
        "meta split search",
        "not the originals of the 7 texts",
    ),
    "task.train was smaller": (
        redigested("task.train", "10"),
        "meta task",
        "has 90 texts in train; task.train is 10",
    ),
    "a width is none of the space": (
        redigested("space.widths", "json('[64]')"),
        "birth {ok}",
        "not in the space",
    ),
    "max_parameters was smaller": (
        redigested("constraints.max_parameters", "100"),
        "birth {ok}",
        "constraints.max_parameters is 100",
    ),
    "the budget was smaller": (
        redigested("search.evaluations", "15"),
        "evaluations",
        "16 students; search.evaluations is 15",
    ),
    "the floor of the settings was another": (
        redigested("constraints.accuracy_floor", "0.7"),
        "meta floor",
        "settings, labels and teacher give 0.7",
    ),
    "versions are gone": ("DELETE FROM meta WHERE name = 'versions'", "meta versions", "recorded"),
    "finished is a number": (meta("finished", "1"), "meta finished", "is 1, not true"),
    "the floor is gone": ("DELETE FROM meta WHERE name = 'floor'", "meta floor", "is missing"),
    "the floor is 7": (meta("floor", "7"), "meta floor", "is 7, not a share"),
    **{
        f"the floor is {floor}": (meta("floor", floor), "meta floor", f"is {floor}; settings")
        for floor in ("0.99", "0.0", "0.7")
    },
    "the teacher was better": (
        meta("teacher_accuracy", "0.9"),
        "meta teacher_accuracy",
        "is 0.9; the teacher's predictions give 0.8",
    ),
    "the teacher is a word": (meta("teacher_accuracy", '"x"'), "meta teacher_accuracy", "a share"),
    "the teacher predicted less": (
        meta("teacher_predictions", "[0, 1]"),
        "meta teacher_accuracy",
        "give nan",
    ),
    "the majority is another": (
        meta("majority_share", "0.6"),
        "meta majority_share",
        "is 0.6; the labels give 0.5",
    ),
    "the task is gone": ("DELETE FROM meta WHERE name = 'task'", "meta task", "is missing"),
    "the task is a list": (meta("task", "[]"), "meta task", "cannot be understood"),
    "the teacher is gone": ("DELETE FROM meta WHERE name = 'teacher'", "meta teacher", "missing"),
    "stages are a list": (meta("stages", "[1]"), "meta stages", "seconds of each stage"),
    "a stage took for ever": (meta("stages", '{{"search": 1e300}}'), "meta stages", "seconds"),
    "a shape is another": (
        "UPDATE meta SET value = json_set(value, '$.positions', 9) WHERE name = 'shape'",
        "meta shape",
        "not that of the settings",
    ),
    "a vocabulary is another": (
        "UPDATE meta SET value = json_set(value, '$.vocabulary', 60) WHERE name = 'shape'",
        "birth {ok}",
        "its parameters are .*; its architecture has",
    ),
    "the spec is another": (
        "UPDATE attacks SET spec = json_set(spec, '$.settings.candidates', 49)",
        "attack textfooler",
        "its digest is .*, but its spec gives",
    ),
    "the spec has an unknown field": (
        "UPDATE attacks SET spec = json_set(spec, '$.colour', 1)",
        "attack textfooler",
        "colour",
    ),
}
STUDENTS: dict[str, Damage] = {
    "an architecture is no architecture": (
        change("students", "genotype = '[]'", "WHERE birth = {ok}"),
        "birth {ok}",
        "its architecture cannot be read",
    ),
    "an architecture is another": (
        change(
            "students",
            "genotype = json_set(genotype, '$.repeats', json_extract(genotype, '$.repeats') + 1)",
            "WHERE birth = {ok}",
        ),
        "birth {ok}",
        "its key is {key}, but",
    ),
    "a key is another": (
        change("students", "key = 'f00'", "WHERE birth = {ok}"),
        "birth {ok}",
        "key is f00, but its architecture's is {key}",
    ),
    "a parent is later": (
        change("students", "parents = '[{last}]'", "WHERE birth = {ok}"),
        "birth {ok}",
        r"parents \[{last}\] are no earlier",
    ),
    "an operation is another": (
        change("students", "operation = 'magic'", "WHERE birth = {ok}"),
        "birth {ok}",
        "not made by 'magic'",
    ),
    "a seed is another": (
        change("trials", "seed = seed + 1"),
        "birth {ok}",
        "the seed of trial {ok} is .*; its key and the run's seed",
    ),
    "a method is another": (
        change("trials", "method = 'pkd'"),
        "trial {ok}",
        "taught by 'pkd'; distill.method is 'rosearch'",
    ),
    "a method is none": (
        change("trials", "method = ''"),
        "trial {ok}",
        "taught by ''; distill.method is 'rosearch'",
    ),
    "a replicate is missing": (
        change("trials", "replicate = 1"),
        "birth {ok}",
        "the seed of trial {ok}",
    ),
    "a front without a report": (
        [
            "DELETE FROM outcomes WHERE measurement = (SELECT measurement FROM measurements"
            " WHERE trial = {front} AND split = 'report')",
            "DELETE FROM measurements WHERE trial = {front} AND split = 'report'",
        ],
        "birth {front}",
        "on the front of a finished run without a report",
    ),
}
EVENTS: dict[str, Damage] = {
    "never asked for": (
        ["DELETE FROM events WHERE trial = {ok}", meta("finished", "false")],
        "trial {ok}",
        "was never asked for",
    ),
    "asked for after a later one": (
        [
            "UPDATE events SET trial = -1 WHERE kind = 'ask' AND trial = 0",
            "UPDATE events SET trial = 0 WHERE kind = 'ask' AND trial = 1",
            "UPDATE events SET trial = 1 WHERE kind = 'ask' AND trial = -1",
        ],
        "event 1",
        "asks for trial 1 in the place of 0",
    ),
    "told before it is asked for": (
        "UPDATE events SET id = 0 WHERE kind = 'tell' AND trial = {ok}",
        "event 0",
        "tells of trial {ok} before",
    ),
    "never told": (
        "DELETE FROM events WHERE kind = 'tell' AND trial = {ok}",
        "trial {ok}",
        "never told, but the run is finished",
    ),
    "told without a result": (
        f"{UNTOLD} WHERE trial = {{failed}}",
        "event {told}",
        "{failed}, which has no result",
    ),
}
RESULTS: dict[str, Damage] = {
    **{
        f"another {name}": (change("trials", f"{name} = {value}"), "trial {ok}", "have changed")
        for name, value in (
            ("parameters", "parameters + 128"),
            ("block_parameters", "1"),
            ("flops", "1"),
            ("loss", "0.5"),
            ("train_seconds", "4"),
            ("metrics", """'{{"milliseconds": 0.1}}'"""),
            ("weights", f"'{'0' * 64}'"),
        )
    },
    "no measurement": (
        [f"DELETE FROM outcomes {_TEXT}", f"DELETE FROM measurements {_TEXT}"],
        "trial {ok}",
        "evaluated, but not measured on search",
    ),
    "everything was right": (
        change(
            "measurements",
            f"predictions = x'{bytes(LABELS).hex()}'",
            "WHERE trial = {front} AND split = 'report'",
        ),
        "trial {front}, report",
        _CHANGED,
    ),
    "counts in the place of predictions": (
        change("measurements", "predictions = NULL, counts = '[]'", _TEXT),
        "trial {ok}, search",
        _CHANGED,
    ),
    "a label": (
        "UPDATE originals SET label = 1 - label WHERE split = 'search' AND text_index = 0",
        "meta split search",
        "originals",
    ),
    "all labels": (
        f"UPDATE splits SET labels = x'{bytes(1 - x for x in LABELS).hex()}'",
        "meta split search",
        "originals",
    ),
    "an original": (
        "UPDATE originals SET text = 'x' WHERE split = 'search' AND text_index = 0",
        "meta split search",
        _CHANGED,
    ),
    **{
        f"an outcome: {values}": (change("outcomes", values, where), "trial {ok}, search", _CHANGED)
        for values, where in (
            ("perturbed = 'x'", _HIT),
            ("outcome = 'failed', perturbed = '', words_changed = 0", _HIT),
            ("words = words + 1", _TEXT),
            ("words_changed = 1", _HIT),
            ("queries = 1", _TEXT),
            ("predicted = 1 - predicted", _TEXT),
        )
    },
    "a text is gone": (
        f"DELETE FROM outcomes {_TEXT} AND text_index = 3",
        "trial {ok}, search",
        _CHANGED,
    ),
}
DAMAGES = SETTINGS | STUDENTS | EVENTS | RESULTS


def put_digest_right(run: Path) -> None:
    from kdnas.runs.folder import settings_digest

    (config,) = query(run, "SELECT value FROM meta WHERE name = 'config'")[0]
    execute(run, meta("settings", json.dumps(settings_digest(json.loads(config)))))


def test_counts_that_the_predictions_do_not_give_are_found(run, births):
    """Even by someone who knows of the checksum."""
    where = _TEXT.format_map(asdict(births))
    (row,) = query(run, f"SELECT predictions, counts FROM measurements {where}")
    (right, *others), *rest = json.loads(row[1])
    counts = json.dumps([[right - 1, *others], *rest], separators=(",", ":"))
    columns = ", ".join(OUTCOME_COLUMNS)
    outcomes = query(run, f"SELECT attack, {columns} FROM outcomes {where} ORDER BY text_index")
    digest = measured_digest(row[0], counts, outcomes)
    execute(run, f"UPDATE measurements SET counts = '{counts}', digest = '{digest}' {where}")
    message = "its counts are not those of its predictions and attacked texts"
    assert [p.message for p in found(run)] == [message]


@pytest.mark.parametrize("name", DAMAGES)
def test_a_contradiction_is_found(name, run, births):
    statements, place, message = DAMAGES[name]
    sql = f"SELECT id FROM events WHERE kind = 'tell' AND trial = {births.failed}"
    values = {**asdict(births), "told": query(run, sql)[0][0]}
    statements = [statements] if isinstance(statements, str) else statements
    for statement in statements:
        if statement == "DIGEST":
            put_digest_right(run)
        else:
            execute(run, statement.format_map(values))
    messages = [p.message for p in found(run) if p.place == place.format_map(values)]
    assert any(re.search(message.format_map(values), told) for told in messages), found(run)
    assert all("\n" not in str(problem) for problem in found(run))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trials SET failure = 'laziness' WHERE trial = {failed}",
        "UPDATE trials SET message = NULL WHERE trial = {failed}",
        "UPDATE trials SET flops = 1 WHERE trial = {failed}",
        change("trials", "status = 'pending'"),
        change("trials", "attempts = 0"),
        change("trials", "seconds = NULL"),
        change("trials", "seconds = 1e300"),
        change("trials", "loss = 9e999"),
        change("trials", "train_seconds = -1"),
        change("trials", "parameters = -5"),
        change("trials", "fidelity = 7"),
        change("measurements", "counts = '{{}}'", _TEXT),
        change("outcomes", "outcome = 'won'", _TEXT),
        change("outcomes", "words_changed = words + 1", _HIT),
        change("outcomes", "words_changed = 1, outcome = 'failed', perturbed = ''", _HIT),
        change("outcomes", "perturbed = ''", _HIT),
        change("outcomes", "text_index = -1", f"{_TEXT} AND text_index = 0"),
        "INSERT INTO events (kind, trial) VALUES ('tell', 77)",
        "INSERT INTO events (kind, trial) VALUES ('smile', 1)",
        "DELETE FROM trials WHERE trial = {failed}",
        "UPDATE meta SET value = '{{' WHERE name = 'task'",
    ],
)
def test_what_a_constraint_refuses_is_found_where_it_was_not_asked(statement, run, births):
    execute(run, statement.format_map(asdict(births)))
    assert {problem.place for problem in found(run)} == {FILE_NAME}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM outcomes; END",
        "CREATE VIEW v AS SELECT * FROM trials",
        "CREATE TABLE other (x)",
        "CREATE INDEX i ON events (kind)",
    ],
)
def test_what_has_no_place_in_a_store_is_found(statement, run):
    execute(run, statement)
    (problem,) = found(run)
    assert "has no place in a store" in problem.message


VALUES = (None, -5, 7, 10**18, 1e300, 0.5, "", "abc", "[]", '{"a": 1}', "[" * 2000, b"", b"\xff")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_in_any_cell_is_one_line(shared, data):
    """Of verify and of every command that reads: an exit code of 0, 1 or 2 and no traceback."""
    tables = [name for (name,) in query(shared, "SELECT name FROM sqlite_master WHERE sql > ''")]
    table = data.draw(st.sampled_from(sorted(tables)))
    columns = [row[1] for row in query(shared, f"PRAGMA table_info({table})")]
    column, value = data.draw(st.sampled_from(columns)), data.draw(st.sampled_from(VALUES))
    command = data.draw(st.sampled_from(["verify", "front", "show", "status"]))
    whole = (shared / FILE_NAME).read_bytes()
    try:
        with closing(sqlite3.connect(shared / FILE_NAME, isolation_level=None)) as db:
            db.execute("PRAGMA ignore_check_constraints = ON")
            (rows,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
            place = data.draw(st.integers(0, max(rows - 1, 0)))
            key = db.execute(f"SELECT {columns[0]} FROM {table} LIMIT 1 OFFSET {place}").fetchone()
            try:
                where = f"WHERE {columns[0]} = ?"
                db.execute(f"UPDATE {table} SET {column} = ? {where}", (value, *(key or (None,))))
            except sqlite3.Error:
                return  # the table itself refuses a value of that type
        result = CliRunner().invoke(app, [command, str(shared)])
        if not isinstance(result.exception, SystemExit | UserError | None):
            raise result.exception
    finally:
        (shared / FILE_NAME).write_bytes(whole)


@pytest.fixture(scope="session")
def shared(sound, tmp_path_factory) -> Path:
    """A copy that every example damages and mends again."""
    return Path(shutil.copytree(sound, tmp_path_factory.mktemp("shared") / "run"))


# Damaged files


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("PRAGMA user_version = 0", "is empty or no archive of a run: use a copy"),
        ("PRAGMA user_version = 2", "has schema 2; this kdnas reads 3: read it with kdnas 0.1.0"),
        ("DROP TABLE outcomes", "table outcomes is missing or another"),
        ("ALTER TABLE trials RENAME COLUMN worker TO host", "table trials is missing or another"),
    ],
)
def test_the_schema_is_known(damage, message, run):
    execute(run, damage)
    (problem,) = found(run)
    assert problem.place == FILE_NAME
    assert problem.message.startswith(message)


def test_every_page_of_garbage_is_found(run):
    archive = run / FILE_NAME
    whole, garbage = archive.read_bytes(), random.Random(1).randbytes(4096)
    assert query(run, "PRAGMA freelist_count") == [(0,)]
    for page in range(len(whole) // 4096):
        damaged = bytearray(whole)
        damaged[4096 * page : 4096 * (page + 1)] = garbage
        archive.write_bytes(damaged)
        problems = found(run)
        assert problems, page
        assert {problem.place for problem in problems} == {FILE_NAME}, page
        assert all("use a copy of the folder" in p.message for p in problems), page


@pytest.mark.parametrize("kept", [0.0, 0.003, 0.3, 0.99])
def test_a_truncated_archive_is_found(kept, run):
    archive = run / FILE_NAME
    os.truncate(archive, int(kept * archive.stat().st_size))
    assert {problem.place for problem in found(run)} == {FILE_NAME}


@settings(max_examples=40)
@given(place=st.floats(0, 1, exclude_max=True), garbage=st.binary(min_size=1, max_size=40))
def test_no_damage_ends_in_an_exception(shared, place, garbage):
    archive = shared / FILE_NAME
    whole = archive.read_bytes()
    damaged, start = bytearray(whole), int(place * (len(whole) - len(garbage)))
    damaged[start : start + len(garbage)] = garbage
    archive.write_bytes(damaged)
    try:
        assert all(p.place and "\n" not in str(p) for p in found(shared))
    finally:
        archive.write_bytes(whole)


def test_text_that_is_no_unicode_is_found(run, births):
    execute(run, f"UPDATE students SET operation = CAST(x'ff' AS TEXT) WHERE birth = {births.ok}")
    (problem,) = found(run)
    assert problem.place == FILE_NAME
    assert "UTF-8 column 'operation'" in problem.message


@pytest.mark.parametrize("name", ["status.json", "lock.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_the_state_is_json(name, content, run):
    (run / name).write_bytes(content)
    (problem,) = found(run)
    assert problem.place == name
    assert "delete it" in problem.message


def test_the_state_need_not_be_there(run):
    (run / "status.json").unlink()
    (run / "lock.json").unlink()
    shutil.rmtree(run / "students")
    assert found(run) == ()


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def overwrite(path: Path) -> None:
    path.write_bytes(b"\xff" * 100)


def zero_some(path: Path) -> None:
    """As many bytes as before, and a header as before."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-4] + bytes(4))


@pytest.mark.parametrize("damage", [shorten, overwrite, zero_some])
def test_damaged_weights_are_found(damage, run):
    weights = sorted((run / "students").iterdir())[0]
    damage(weights)
    (problem,) = found(run)
    assert problem.place == f"students/{weights.name}"
    assert "is damaged" in problem.message
    assert "delete it" in problem.message


def test_weights_of_no_student_are_found(run):
    store(run / "students", "f00")
    message = "belongs to no student of the archive: delete it"
    assert found(run) == (Problem("students/f00.safetensors", message),)


def test_weights_may_be_there_before_the_result(run, births):
    """They are stored as soon as a student is trained; then it may still fail."""
    key = query(run, f"SELECT key FROM students WHERE birth = {births.failed}")[0][0]
    store(run / "students", key)
    assert found(run) == ()


def test_weights_may_be_deleted_meanwhile(tmp_path):
    assert list(weight_problems([tmp_path / "f00.safetensors"], {"f00": "0" * 64})) == []


# Nothing is written, whatever state the folder is in


def pending_log(run: Path, target: Path) -> None:
    """A killed run: what it wrote last stands in the write-ahead log only."""
    with Archive.open(run / FILE_NAME) as archive:
        archive.set_meta(versions={})
        shutil.copytree(run, target, ignore=shutil.ignore_patterns("*-shm"))


def hot_journal(run: Path, target: Path) -> None:
    """A run on a network file system that was killed within a transaction."""
    execute(run, "PRAGMA journal_mode = DELETE")
    with closing(sqlite3.connect(run / FILE_NAME, isolation_level=None)) as db:
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN")
        db.execute("UPDATE students SET operation = 'x', genotype = '{}'")
        shutil.copytree(run, target)
    assert (target / FILE_NAME).read_bytes() != (run / FILE_NAME).read_bytes()


def at_rest(run: Path, target: Path) -> None:
    shutil.copytree(run, target)


STATES = [
    (at_rest, [], set()),
    (pending_log, ["meta versions"], {f"{FILE_NAME}-wal"}),
    (hot_journal, [], {f"{FILE_NAME}-journal"}),
]


@pytest.mark.parametrize(("state", "places", "beside"), STATES)
def test_nothing_is_written_into_the_folder(state, places, beside, run, tmp_path):
    target = tmp_path / "target"
    state(run, target)
    before = contents(target)
    assert {path.name for path in target.glob(f"{FILE_NAME}-*")} == beside
    assert [problem.place for problem in found(target)] == places
    assert contents(target) == before


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anywhere; inside the context this process may not."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize(("state", "places", "beside"), STATES)
def test_a_folder_may_be_read_only(state, places, beside, run):
    with tempfile.TemporaryDirectory() as place:
        target = Path(place) / "target"
        state(run, target)
        Path(place).chmod(0o755)
        for path in target.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        target.chmod(0o555)
        try:
            with unprivileged():
                with pytest.raises(PermissionError):
                    (target / "new").touch()
                assert [problem.place for problem in found(target)] == places
        finally:
            target.chmod(0o755)
            (target / "students").chmod(0o755)


def test_a_running_run_is_seen_at_one_moment(run, monkeypatch):
    """It writes between the copies of its archive and of its log, once or every time."""
    copy, writes = shutil.copyfile, [True, False]
    with Archive.open(run / FILE_NAME) as archive:
        archive.set_meta(teacher="a", finished=False, seal=None)

        def copied(source: Path, target: Path) -> Path:
            if source.name == FILE_NAME and (not writes or writes.pop(0)):
                archive.set_meta(teacher="b")
            return copy(source, target)

        monkeypatch.setattr(reading_module.shutil, "copyfile", copied)
        assert found(run) == ()
        assert writes == []
        monkeypatch.setattr(reading_module, "_PAUSE", 0.0)
        with pytest.raises(UserError, match="was written to while it was read: try again"):
            found(run)


def test_a_write_while_an_archive_at_rest_is_read_is_noticed(run):
    execute(run, "PRAGMA journal_mode = DELETE")
    os.utime(run / FILE_NAME, (0, 0))  # long ago: file systems count in milliseconds
    opened = reading(run / FILE_NAME)
    db = opened.__enter__()
    assert db.execute("PRAGMA database_list").fetchone()["file"] == str(run / FILE_NAME)  # no copy
    assert db.execute("SELECT count(*) FROM students").fetchone()[0] == 16
    execute(run, "UPDATE trials SET loss = 0.5")
    with pytest.raises(UserError, match="was written to while it was read"):
        opened.__exit__(None, None, None)


# The command


def test_the_command_counts_what_it_checked(sound):
    result = CliRunner().invoke(app, ["verify", str(sound)])
    verdict = check(RunFolder(sound))
    counts = f"16 students, {verdict.reports} reports, {verdict.texts} texts"
    assert (result.exit_code, result.output) == (0, f"{counts}: no contradiction found\n")
    result = CliRunner().invoke(app, ["verify", str(sound), "--json"])
    assert (result.exit_code, json.loads(result.output)) == (0, [])


@pytest.mark.parametrize("kind", ["search", "study", "reproduction", "comparison"])
def test_where_nothing_was_trained_nothing_is_called_sound(kind, tmp_path):
    """Also where a search of a reproduction has begun."""
    if kind in ("search", "reproduction"):
        place = tmp_path if kind == "search" else tmp_path / "weighted"
        place.mkdir(exist_ok=True)
        Archive.create(place / FILE_NAME, **beginning(CONFIG), finished=False).__exit__()
    if kind in ("study", "reproduction"):
        with ModelArchive.create(tmp_path / MODELS_FILE, **beginning(CONFIG)) as made:
            made.set_meta(**({"kind": kind} if kind == "study" else {}))
    if kind == "comparison":
        settings = {"compare": {"tasks": ["a"]}}
        (tmp_path / SETTINGS_FILE).write_text(json.dumps(settings))
    for options in ([], ["--json"]):
        result = CliRunner().invoke(app, ["verify", str(tmp_path), *options])
        assert isinstance(result.exception, UserError), result.output
        assert "no student and no model yet, so that there is nothing to verify" in str(
            result.exception
        )
        assert result.output == ""


def test_the_command_names_every_problem(run, births):
    execute(run, change("trials", "flops = 1, block_parameters = 1").format(ok=births.ok))
    problems = found(run)
    assert len(problems) == 3
    result = CliRunner().invoke(app, ["verify", str(run)])
    assert (result.exit_code, result.output.splitlines()) == (1, [str(p) for p in problems])
    result = CliRunner().invoke(app, ["verify", str(run), "--json"])
    assert (result.exit_code, json.loads(result.output)) == (1, [asdict(p) for p in problems])
    assert str(problems[1]).startswith(f"birth {births.ok}: its block_parameters are 1;")

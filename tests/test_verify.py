"""`kdnas verify`: a sound run has no problem, every damage is named, and nothing is written.

The runs are real searches of toy students whose sizes and texts agree with their counts.
"""

import json
import os
import random
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from toy_runs import toy_settings
from typer.testing import CliRunner

import kdnas.archive.reading as reading_module
from kdnas.analysis import pareto_front
from kdnas.archive import FILE_NAME, Archive
from kdnas.archive.reading import reading
from kdnas.cli.verify import verify
from kdnas.config import Config, StudentSettings
from kdnas.errors import UserError
from kdnas.loop import report_front, run_search
from kdnas.metrics import metrics_of
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
from kdnas.run_folder import RunFolder, versions
from kdnas.space import NetworkShape, count_flops, count_parameters
from kdnas.verify import Problem, Verdict, check
from kdnas.verify.files import weight_problems
from kdnas.workers import Inline

FLOOR = 0.3
TEXTS, ATTACKED = 20, 8
LENGTH = 8
SHAPE = NetworkShape(vocabulary=50, positions=LENGTH)
CONFIG = Config(
    space=TOY_SPACE,
    search=toy_settings("nsga2", evaluations=16, population=6),
    student=StudentSettings(max_length=LENGTH, positions=LENGTH),
)


def evaluate(spec: AttackSpec, job: Job) -> Evaluation | Report:
    """Every seventh student fails; the others are right and hold out by chance."""
    if job.seed % 7 == 0:
        raise EvaluationFailed("non_finite", "the loss is nan")
    measured, texts = attacked(spec, np.random.default_rng([job.seed, job.stage == "report"]))
    if job.stage == "report":
        return Report(measured, 0.5, texts)
    arch, tables = job.architecture, (50 + LENGTH + 2 + 2) * job.architecture.width
    size = count_parameters(arch, SHAPE)
    flops = count_flops(arch, SHAPE, LENGTH)
    return Evaluation(size, size - tables, flops, measured, 0.7, 3.0, 2.0, texts)


def attacked(
    spec: AttackSpec, rng: np.random.Generator
) -> tuple[Measurement, tuple[TextOutcome, ...]]:
    """Two classes in turn, three of four texts right, half of the attacks successful."""
    labels = np.arange(TEXTS) % 2
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
    return Measurement(right, counts(labels), counts(predicted), outcome, spec.digest), tuple(texts)


def record(path: Path, mode: str = "exact") -> None:
    """A whole run in `path`, as the pipeline records it, with the weights of two students."""
    spec = AttackSpec(mode=mode)
    with (
        Archive.create(path / FILE_NAME, synchronous="OFF") as archive,
        Inline(lambda job: evaluate(spec, job)) as workers,
    ):
        stored = CONFIG.model_dump(mode="json")
        archive.set_meta(config=stored, versions=versions(), finished=False)
        archive.set_meta(floor=FLOOR, spec=spec.as_record())
        run_search(
            CONFIG,
            archive,
            workers,
            floor=FLOOR,
            accept=lambda arch: True,
            progress=lambda birth, result: None,
        )
        front = pareto_front(archive.rows(), metrics_of(CONFIG.search.objectives), FLOOR)
        report_front(front, archive, workers, lambda birth, result: None)
        archive.set_meta(finished=True)
        (path / "students").mkdir()
        for row in front[:2]:
            store(path, row.key, row.evaluation.parameters)
    (path / "status.json").write_text('{"stage": "report"}')
    (path / "lock.json").write_text("{}")


def store(path: Path, key: str, size: int) -> None:
    tensors = {"a": np.zeros((size - 6,), np.uint8), "b": np.zeros((2, 3), np.uint8)}
    save_file(tensors, path / "students" / f"{key}.safetensors")


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
    with closing(sqlite3.connect(run / FILE_NAME, isolation_level=None)) as db:
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
        for table in ("evaluations", "reports", "texts")
    )
    assert verdict == Verdict((), students, reports, texts)
    assert students == 16
    assert reports > 1
    assert texts > ATTACKED * reports


def test_an_unfinished_run_is_sound(run, births):
    """As it is after a kill: one student pending, one with a result but not told, no report."""
    last = births.last
    columns = [name for _, name, *_ in query(run, "PRAGMA table_info(evaluations)")]
    emptied = ", ".join(f"{name} = NULL" for name in columns[columns.index("status") + 1 :])
    execute(
        run,
        f"UPDATE evaluations SET status = 'pending', {emptied} WHERE birth = {last}",
        f"DELETE FROM texts WHERE birth = {last} OR split = 'report'",
        f"DELETE FROM events WHERE kind = 'tell' AND birth >= {last - 1}",
        "DELETE FROM reports",
        "UPDATE meta SET value = 'false' WHERE key = 'finished'",
    )
    assert found(run) == ()


def test_a_run_without_students_is_sound(tmp_path):
    """Before its first stage has ended."""
    with Archive.create(tmp_path / FILE_NAME) as archive:
        stored = CONFIG.model_dump(mode="json")
        archive.set_meta(config=stored, versions=versions(), finished=False)
    assert check(RunFolder(tmp_path)) == Verdict(())


def test_there_has_to_be_an_archive(tmp_path):
    with pytest.raises(UserError, match=r"no run at .*: archive.sqlite is missing"):
        check(RunFolder(tmp_path))


# Contradictions: place and message of the one finding that each damage must give

Damage = tuple[str | list[str], str, str]

_ROW = "WHERE birth = {ok}"


def rows(table: str, values: str, where: str = _ROW) -> str:
    return f"UPDATE {table} SET {values} {where}"


def meta(name: str, value: str) -> str:
    return f"UPDATE meta SET value = '{value}' WHERE key = '{name}'"


SETTINGS: dict[str, Damage] = {
    "config is gone": ("DELETE FROM meta WHERE key = 'config'", "meta config", "no configuration"),
    "config does not validate": (
        "UPDATE meta SET value = json_set(value, '$.search.evaluations', 0) WHERE key = 'config'",
        "meta config",
        "search.evaluations: Input should be greater",
    ),
    "versions are gone": ("DELETE FROM meta WHERE key = 'versions'", "meta versions", "recorded"),
    "a value is no JSON": (meta("versions", "x"), "meta versions", "is not JSON"),
    "finished is a number": (meta("finished", "1"), "meta finished", "is 1, not true"),
    "the floor is gone": ("DELETE FROM meta WHERE key = 'floor'", "meta floor", "None, not a"),
    "the floor is 7": (meta("floor", "7"), "meta floor", "is 7, not a share"),
    "the spec is gone": ("DELETE FROM meta WHERE key = 'spec'", "meta spec", "no attack spec"),
    "the spec is another": (
        "UPDATE meta SET value = json_set(value, '$.settings.candidates', 49) WHERE key = 'spec'",
        "meta spec",
        "its digest is .*, but the students have",
    ),
    "the spec has an unknown field": (
        "UPDATE meta SET value = json_set(value, '$.colour', 1) WHERE key = 'spec'",
        "meta spec",
        "colour",
    ),
    "the budget was smaller": (
        "UPDATE meta SET value = json_set(value, '$.search.evaluations', 15) WHERE key = 'config'",
        "evaluations",
        "16 students; search.evaluations is 15",
    ),
}
BIRTHS: dict[str, Damage] = {
    "a birth is gone": (
        [
            "DELETE FROM evaluations WHERE birth = {failed}",
            "DELETE FROM events WHERE birth = {failed}",
        ],
        "birth {failed}",
        "is missing",
    ),
    "an architecture is no JSON": (
        rows("evaluations", "architecture = '['"),
        "birth {ok}",
        "its architecture cannot be read",
    ),
    "an architecture is another": (
        rows(
            "evaluations",
            "architecture = json_set(architecture, '$.repeats', "
            "json_extract(architecture, '$.repeats') + 1)",
        ),
        "birth {ok}",
        "its key is {key}, but",
    ),
    "a key is another": (
        rows("evaluations", "key = 'f00'"),
        "birth {ok}",
        "key is f00, but its architecture's is {key}",
    ),
    "a parent is later": (
        rows("evaluations", "parents = '[{last}]'"),
        "birth {ok}",
        r"parents \[{last}\] are no earlier",
    ),
    "parents are no JSON": (rows("evaluations", "parents = 'x'"), "birth {ok}", "parents x are no"),
    "a seed is another": (
        rows("evaluations", "seed = seed + 1"),
        "birth {ok}",
        "its seed is .*, but its key and the run's seed",
    ),
}
EVENTS: dict[str, Damage] = {
    "asked for again": ("INSERT INTO events VALUES (999, 'ask', {ok})", "event 999", "{ok} again"),
    "told again": ("INSERT INTO events VALUES (999, 'tell', {ok})", "event 999", "of birth {ok}"),
    "an unknown birth": (
        "INSERT INTO events VALUES (999, 'tell', 77)",
        "event 999",
        "birth 77, which is not in the archive",
    ),
    "never asked for": (
        [
            "DELETE FROM events WHERE birth = {ok}",
            meta("finished", "false"),
        ],
        "birth {ok}",
        "was never asked for",
    ),
    "asked for after a later one": (
        "UPDATE events SET birth = 1 - birth WHERE kind = 'ask' AND birth < 2",
        "event 2",
        "asks for birth 0 after birth 1",
    ),
    "told before it is asked for": (
        "UPDATE events SET id = -1 WHERE kind = 'tell' AND birth = {ok}",
        "event -1",
        "tells of birth {ok} before",
    ),
    "never told": (
        "DELETE FROM events WHERE kind = 'tell' AND birth = {ok}",
        "birth {ok}",
        "never told, but the run is finished",
    ),
    "told without a result": (
        [
            "UPDATE evaluations SET status = 'pending', failure = NULL, message = NULL,"
            " attempts = NULL, seconds = NULL, worker = NULL WHERE birth = {failed}"
        ],
        "event {told}",
        "{failed}, which has no result",
    ),
}
COLUMNS: dict[str, Damage] = {
    "a failure of no kind": (
        "UPDATE evaluations SET failure = 'laziness' WHERE birth = {failed}",
        "birth {failed}",
        "'laziness', which is no kind",
    ),
    "a failure without a message": (
        "UPDATE evaluations SET message = NULL WHERE birth = {failed}",
        "birth {failed}",
        "failed without a message",
    ),
    "a failure that was measured": (
        "UPDATE evaluations SET accuracy = 0.5, flops = 1 WHERE birth = {failed}",
        "birth {failed}",
        "is failed, but has flops, accuracy",
    ),
    "a result of no attempt": (
        rows("evaluations", "attempts = 0"),
        "birth {ok}",
        "is ok after 0 attempts",
    ),
    "no seconds": (rows("evaluations", "seconds = NULL"), "birth {ok}", "its seconds are None"),
    "no worker": (rows("evaluations", "worker = NULL"), "birth {ok}", "its worker is None"),
    "a failure beside a result": (
        rows("evaluations", "failure = 'oom'"),
        "birth {ok}",
        "is ok, but has failure",
    ),
    "no loss": (rows("evaluations", "loss = NULL"), "birth {ok}", "its loss is None"),
    "an infinite loss": (rows("evaluations", "loss = 9e999"), "birth {ok}", "its loss is inf"),
    "a time below 0": (
        rows("evaluations", "train_seconds = -1"),
        "birth {ok}",
        "train_seconds is -1.0",
    ),
    "a word for a size": (
        rows("evaluations", "parameters = 'many'"),
        "birth {ok}",
        "parameters is 'many'",
    ),
    "no counts": (rows("evaluations", "correct = NULL"), "birth {ok}", "its correct is None"),
    "a report without seconds": (
        "UPDATE reports SET seconds = NULL WHERE birth = {front}",
        "report of birth {front}",
        "its seconds is None",
    ),
}
COUNTS: dict[str, Damage] = {
    "counts are no JSON": (
        rows("evaluations", "totals = '[10'"),
        "birth {ok}",
        "its counts cannot be read",
    ),
    "one class more": (rows("evaluations", "skipped = '[1, 1, 1]'"), "birth {ok}", "same classes"),
    "counts below 0": (rows("evaluations", "failed = '[1, -1]'"), "birth {ok}", "whole numbers"),
    "more predictions than texts": (
        rows("evaluations", "predicted = '[20, 20]'"),
        "birth {ok}",
        "40 predictions for 20 texts",
    ),
    "more right than there are": (
        rows("evaluations", "correct = '[11, 0]', predicted = '[20, 0]'"),
        "birth {ok}",
        "right more often than there are texts",
    ),
    "right without a prediction": (
        rows("evaluations", "correct = '[10, 1]', predicted = '[20, 0]'"),
        "birth {ok}",
        "or predictions of a class",
    ),
    "more attacked than there are": (
        rows("evaluations", "failed = '[10, 1]', skipped = '[1, 0]'"),
        "birth {ok}",
        "more texts of a class were attacked",
    ),
    "nothing attacked": (
        rows("evaluations", "failed = '[0, 0]', skipped = '[0, 0]', succeeded = '[0, 0]'"),
        "birth {ok}",
        "no text was attacked",
    ),
    "an accuracy": (
        rows("evaluations", "accuracy = 0.123"),
        "birth {ok}",
        "its accuracy is 0.123, but its counts give",
    ),
    "a report's robustness": (
        "UPDATE reports SET robustness = 0.123 WHERE birth = {front}",
        "report of birth {front}",
        "its robustness is 0.123, but its counts give",
    ),
    "a spec": (rows("evaluations", "spec = 'x'"), "birth {ok}", "attacked by spec .*, not x"),
    "a spec of all its texts too": (
        [rows("evaluations", "spec = 'x'"), rows("texts", "spec = 'x'")],
        "birth {ok}",
        "its spec is x, the run's",
    ),
    "parameters": (
        rows("evaluations", "parameters = parameters + 128"),
        "birth {ok}",
        "its parameters are .* with the vocabulary of the other students, 50 words",
    ),
    "block parameters": (
        rows("evaluations", "block_parameters = 1"),
        "birth {ok}",
        "its block_parameters are 1; its architecture has",
    ),
    "operations": (
        rows("evaluations", "flops = 1"),
        "birth {ok}",
        "its flops are 1; its architecture has",
    ),
}
_FIRST = "WHERE birth = {ok} AND split = 'search' AND text_index = 0"
_HIT = "WHERE birth = {ok} AND split = 'search' AND outcome = 'succeeded'"
ONE_TEXT: dict[str, Damage] = {
    "a text is gone": (f"DELETE FROM texts {_FIRST}", "birth {ok}", "8 texts .* 7 are recorded"),
    "a text in another place": (
        rows("texts", "text_index = 50", _FIRST),
        "birth {ok}",
        "text 1 is in the place of text 0",
    ),
    "a label": (rows("texts", "label = 5", _FIRST), "birth {ok}", "text 0 is of class 5"),
    "no words": (rows("texts", "words = NULL", _FIRST), "birth {ok}", "text 0 has None words"),
    "queries": (rows("texts", "queries = 'x'", _FIRST), "birth {ok}", "text 0 took 'x' queries"),
    "an outcome": (rows("texts", "outcome = 'won'", _FIRST), "birth {ok}", "text 0 .* 'won'"),
    "a right text was skipped": (
        rows("texts", "outcome = 'skipped'", _HIT),
        "birth {ok}",
        "was skipped, but is of class",
    ),
    "no perturbed text": (
        rows("texts", "perturbed = ''", _HIT),
        "birth {ok}",
        "was succeeded, but its perturbed text is ''",
    ),
    "a perturbed text that held": (
        rows("texts", "outcome = 'failed', perturbed = ''", _HIT),
        "birth {ok}",
        r"its succeeded is (.*), but its texts give .*; its failed is (.*), but its texts give",
    ),
    "another spec": (
        rows("texts", "spec = 'x'", _FIRST),
        "birth {ok}",
        "search text 0 was attacked by spec x",
    ),
    "a report's outcome": (
        "UPDATE texts SET outcome = 'won' WHERE birth = {front} AND split = 'report'"
        " AND text_index = 3",
        "report of birth {front}",
        "its report text 3 has the outcome 'won'",
    ),
}
STRAYS: dict[str, Damage] = {
    "texts of an unknown birth": (
        "INSERT INTO texts (birth, split, text_index) VALUES (77, 'search', 0)",
        "search texts of birth 77",
        "is not in the archive",
    ),
    "texts of a failed student": (
        "INSERT INTO texts (birth, split, text_index) VALUES ({failed}, 'search', 0)",
        "search texts of birth {failed}",
        "was not attacked there",
    ),
    "texts of an unknown split": (
        "INSERT INTO texts (birth, split, text_index) VALUES ({ok}, 'train', 0)",
        "train texts of birth {ok}",
        "was not attacked there",
    ),
    "a report of a failed student": (
        "INSERT INTO reports (birth) VALUES ({failed})",
        "report of birth {failed}",
        "the student was not evaluated",
    ),
    "a front without a report": (
        [
            "DELETE FROM reports WHERE birth = {front}",
            "DELETE FROM texts WHERE birth = {front} AND split = 'report'",
        ],
        "birth {front}",
        "on the front of a finished run without a report",
    ),
}
DAMAGES = SETTINGS | BIRTHS | EVENTS | COLUMNS | COUNTS | ONE_TEXT | STRAYS


@pytest.mark.parametrize("name", DAMAGES)
def test_a_contradiction_is_the_one_finding(name, run, births):
    statements, place, message = DAMAGES[name]
    sql = f"SELECT id FROM events WHERE kind = 'tell' AND birth = {births.failed}"
    values = {**asdict(births), "told": query(run, sql)[0][0]}
    statements = [statements] if isinstance(statements, str) else statements
    execute(run, *(statement.format_map(values) for statement in statements))
    (problem,) = found(run)
    assert problem.place == place.format_map(values)
    assert re.search(message.format_map(values), problem.message), problem
    assert "\n" not in problem.message


def test_a_pending_student_has_no_result(run, births):
    execute(run, f"UPDATE evaluations SET status = 'pending' WHERE birth = {births.ok}")
    message = next(p.message for p in found(run) if p.place == f"birth {births.ok}")
    assert message.startswith("it is pending, but has parameters, ")


def test_a_network_is_proposed_once(run, births):
    """The table refuses it, unless it is another one."""
    execute(
        run,
        "CREATE TABLE other AS SELECT * FROM evaluations",
        "DROP TABLE evaluations",
        "ALTER TABLE other RENAME TO evaluations",
        f"UPDATE evaluations SET key = '{births.key}' WHERE birth = {births.last}",
    )
    message = f"has the key of birth {births.ok}, {births.key}"
    assert Problem(f"birth {births.last}", message) in found(run)


NUMBERS = (
    *("parameters", "block_parameters", "flops", "accuracy", "robustness", "worst_class_accuracy"),
    *("worst_class_robustness", "degenerate", "texts", "attacked", "queries"),
    *("words_changed_share", "seed"),
)
LISTS = ("correct", "totals", "predicted", "skipped", "succeeded", "failed")


@contextmanager
def changed(run: Path, birth: int, table: str, column: str, change: Callable) -> Iterator[bool]:
    """Whether a value of a row is another one inside the context."""
    (value,) = query(run, f"SELECT {column} FROM {table} WHERE birth = {birth}")[0]
    update = f"UPDATE {table} SET {column} = ? WHERE birth = ?"
    with closing(sqlite3.connect(run / FILE_NAME, isolation_level=None)) as db:
        db.execute(update, (change(value), birth))
    try:
        yield change(value) != value
    finally:
        with closing(sqlite3.connect(run / FILE_NAME, isolation_level=None)) as db:
            db.execute(update, (value, birth))


@pytest.fixture(scope="session")
def shared(sound, tmp_path_factory) -> Path:
    """A copy that every example damages and mends again."""
    return Path(shutil.copytree(sound, tmp_path_factory.mktemp("shared") / "run"))


@settings(max_examples=40)
@given(
    column=st.sampled_from(NUMBERS),
    delta=st.integers(-500, 500).filter(bool) | st.floats(0.001, 5.0).map(lambda x: round(x, 3)),
)
def test_every_changed_number_of_an_evaluated_student_is_found(shared, births, column, delta):
    with changed(shared, births.ok, "evaluations", column, lambda value: value + delta) as differs:
        assert differs
        assert {problem.place for problem in found(shared)} == {f"birth {births.ok}"}


@settings(max_examples=40)
@given(
    table=st.sampled_from(["evaluations", "reports"]),
    column=st.sampled_from(LISTS),
    place=st.integers(0, 1),
    delta=st.integers(-5, 5).filter(bool),
)
def test_every_changed_count_is_found(shared, births, table, column, place, delta):
    def change(text: str) -> str:
        counts = json.loads(text)
        counts[place] += delta
        return json.dumps(counts)

    birth = births.ok if table == "evaluations" else births.front
    with changed(shared, birth, table, column, change):
        assert found(shared)


# Damaged files


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("PRAGMA user_version = 0", "is empty or no archive of a run: use a copy of the folder"),
        ("PRAGMA user_version = 1", "has schema 1; this kdnas reads 2: use the kdnas that wrote"),
        ("DROP TABLE texts", "table texts is missing or has other columns"),
        ("ALTER TABLE events DROP COLUMN kind", "table events is missing or has other columns"),
    ],
)
def test_the_schema_is_known(damage, message, run):
    if "DROP COLUMN" in damage:  # its check stands in the way
        execute(run, "DROP TABLE events", "CREATE TABLE events (id INTEGER PRIMARY KEY, birth)")
    else:
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
    execute(run, f"UPDATE evaluations SET message = CAST(x'ff' AS TEXT) WHERE birth = {births.ok}")
    (problem,) = found(run)
    assert problem.place == FILE_NAME
    assert "UTF-8 column 'message'" in problem.message


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


@pytest.mark.parametrize("damage", [shorten, overwrite])
@pytest.mark.parametrize("archive_too", [False, True])
def test_damaged_weights_are_found(damage, archive_too, run):
    weights = sorted((run / "students").iterdir())[0]
    damage(weights)
    if archive_too:
        overwrite(run / FILE_NAME)
    problems = [problem for problem in found(run) if problem.place != FILE_NAME]
    assert [problem.place for problem in problems] == [f"students/{weights.name}"]
    assert "is damaged" in problems[0].message
    assert "delete it" in problems[0].message


def test_weights_of_no_student_are_found(run):
    store(run, "f00", 10)
    message = "belongs to no student of the archive: delete it"
    assert found(run) == (Problem("students/f00.safetensors", message),)


def test_weights_of_another_size_are_found(run, births):
    store(run, births.key, 10)
    (problem,) = found(run)
    assert problem.place == f"students/{births.key}.safetensors"
    assert problem.message.startswith("has 10 numbers, by the archive ")


def test_weights_may_be_there_before_the_result(run, births):
    """They are stored as soon as a student is trained; then it may still fail."""
    key = query(run, f"SELECT key FROM evaluations WHERE birth = {births.failed}")[0][0]
    store(run, key, 10)
    assert found(run) == ()


def test_weights_may_be_deleted_meanwhile(tmp_path):
    assert list(weight_problems([tmp_path / "f00.safetensors"], {"f00": 10})) == []


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
        db.execute("UPDATE evaluations SET accuracy = 0.123, architecture = 'x'")
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
        archive.set_meta(teacher="a")

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
    assert db.execute("SELECT count(*) FROM evaluations").fetchone()[0] == 16
    execute(run, "UPDATE evaluations SET loss = 0.5")
    with pytest.raises(UserError, match="was written to while it was read"):
        opened.__exit__(None, None, None)


# The command


app = typer.Typer()
app.command()(verify)


def test_the_command_counts_what_it_checked(sound):
    result = CliRunner().invoke(app, [str(sound)])
    verdict = check(RunFolder(sound))
    counts = f"16 students, {verdict.reports} reports, {verdict.texts} texts"
    assert (result.exit_code, result.output) == (0, f"{counts}: no contradiction found\n")
    result = CliRunner().invoke(app, [str(sound), "--json"])
    assert (result.exit_code, json.loads(result.output)) == (0, [])


def test_the_command_names_every_problem(run, births):
    execute(run, rows("evaluations", "flops = 1, block_parameters = 1").format(ok=births.ok))
    problems = found(run)
    assert len(problems) == 2
    result = CliRunner().invoke(app, [str(run)])
    assert (result.exit_code, result.output.splitlines()) == (1, [str(p) for p in problems])
    result = CliRunner().invoke(app, [str(run), "--json"])
    assert (result.exit_code, json.loads(result.output)) == (1, [asdict(p) for p in problems])
    assert str(problems[0]).startswith(f"birth {births.ok}: its block_parameters are 1;")

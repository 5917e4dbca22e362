"""The archive: what is written comes back, survives a kill, and can be recounted in plain SQL."""

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import architectures, attacked_texts, evaluation_of, measurement_of
from strategies import some_architectures as archs

from kdnas.analysis import pareto_front
from kdnas.archive import FILE_NAME, SCHEMA_VERSION, Archive, Birth, Row
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.metrics import metrics_of
from kdnas.problems import toy_evaluate
from kdnas.records import Evaluation, Failure, Finished, Job, Report, TextOutcome
from kdnas.run_folder import stored_config
from kdnas.space import PAPER_SPACE, simplest

ARCHIVES = Path(__file__).parent / "archives"
TEXTS = [
    TextOutcome(0, 0, 0, "failed", 12, 0, 40),
    TextOutcome(1, 1, 0, "skipped", 9, 0, 1),
    TextOutcome(2, 1, 1, "succeeded", 8, 2, 33, "a 'dull' film; naïve — “très” 漢字\n"),
    TextOutcome(3, 2, 2, "failed", 20, 0, 71),
]


def finish(archive: Archive, birth: int, result: Evaluation | Failure) -> None:
    archive.finish(Finished(Job(birth, simplest(PAPER_SPACE), seed=0), result))


@pytest.fixture
def archive(tmp_path):
    with Archive.create(tmp_path / "run" / FILE_NAME) as opened:
        yield opened


def births(count: int, first: int = 0) -> list[Birth]:
    return [
        Birth(first + i, arch, "initial", (), 10 + i) for i, arch in enumerate(archs(count, first))
    ]


def same(row: Row, **expected) -> bool:
    return {name: getattr(row, name) for name in expected} == expected


def query(path: Path, sql: str) -> list[tuple]:
    """What any SQLite client sees."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


# Round trips


@given(
    architectures(),
    st.integers(0, 2**31 - 1),
    st.lists(st.integers(0, 99), max_size=2).map(tuple),
    attacked_texts(),
    st.floats(allow_nan=False),
)
def test_every_field_of_an_evaluation_comes_back(arch, seed, parents, texts, loss):
    evaluation = evaluation_of(texts, loss=loss, train_seconds=1.5, attack_seconds=0.25)
    with TemporaryDirectory() as folder, Archive.create(Path(folder, FILE_NAME)) as archive:
        archive.ask([Birth(3, arch, "property", parents, seed)])
        finish(archive, 3, evaluation)
        (row,) = archive.rows()
        assert same(row, birth=3, key=arch.key, operation="property", parents=parents, seed=seed)
        assert row.architecture == arch
        assert (row.status, row.failure, row.report) == ("ok", None, None)
        assert row.evaluation == replace(evaluation, texts=())
        assert archive.texts(3, "search") == texts
        assert archive.texts(3, "report") == []


def test_the_fields_are_all_told_apart(archive):
    """Every number differs, so a column in another's place would be seen."""
    evaluation = evaluation_of(TEXTS, parameters=101, block_parameters=102, flops=103, loss=0.104,
                               train_seconds=105.5, attack_seconds=106.5)  # fmt: skip
    archive.ask(births(1))
    finish(archive, 0, evaluation)
    found = archive.rows()[0].evaluation
    for field in fields(Evaluation):
        expected = () if field.name == "texts" else getattr(evaluation, field.name)
        assert getattr(found, field.name) == expected, field.name


def test_a_loss_that_is_no_number_comes_back_as_that(archive):
    archive.ask(births(1))
    finish(archive, 0, evaluation_of(TEXTS, loss=math.nan))
    assert math.isnan(archive.rows()[0].evaluation.loss)


@pytest.mark.parametrize("kind", ["oom", "timeout", "non_finite", "killed", "exception"])
def test_failures_come_back(archive, kind):
    failure = Failure(kind, "line one\nline 'two'")
    archive.ask(births(2))
    finish(archive, 1, failure)
    pending, failed = archive.rows()
    assert same(pending, birth=0, status="pending", evaluation=None, failure=None)
    assert same(failed, birth=1, status="failed", evaluation=None, failure=failure)


def test_reports_come_back_beside_the_search_values(archive):
    archive.ask(births(2))
    finish(archive, 0, evaluation_of(TEXTS))
    finish(archive, 1, evaluation_of(TEXTS[:2]))
    measured = measurement_of(TEXTS[1:], spec="b2")
    archive.report(0, Report(measured, 7.5, tuple(TEXTS[1:])))
    first, second = archive.rows()
    assert (first.report, second.report) == (measured, None)
    assert first.evaluation == replace(evaluation_of(TEXTS), texts=())
    assert archive.texts(0, "report") == TEXTS[1:]
    assert archive.texts(0, "search") == TEXTS
    assert query(archive.path, "SELECT seconds, spec FROM reports") == [(7.5, "b2")]


def test_a_report_can_be_made_again(archive):
    archive.ask(births(1))
    finish(archive, 0, evaluation_of(TEXTS))
    for texts in (TEXTS[:2], TEXTS[1:3]):
        archive.report(0, Report(measurement_of(texts), 1.0, tuple(texts)))
    assert archive.rows()[0].report == measurement_of(TEXTS[1:3])


def test_events_keep_their_order(archive):
    archive.ask(births(3))
    archive.tell([2, 0])
    archive.ask(births(1, first=3))
    archive.tell([1])
    told = [("tell", 2), ("tell", 0), ("ask", 3), ("tell", 1)]
    assert archive.events() == [("ask", 0), ("ask", 1), ("ask", 2), *told]


def test_rows_come_in_birth_order(archive):
    archive.ask(list(reversed(births(4))))
    assert [row.birth for row in archive.rows()] == [0, 1, 2, 3]


def test_the_state_of_a_run(archive):
    config = {"search": {"seed": 1, "objectives": ["accuracy"]}, "floor": 0.6, "none": None}
    archive.set_meta(config=config, state="running")
    archive.set_meta(state="done")
    assert archive.meta("config") == config
    assert archive.meta("state") == "done"
    assert archive.meta("absent") is None
    assert archive.meta("absent", 3) == 3


def test_it_opens_again_and_goes_on(archive):
    archive.ask(births(2))
    with Archive.open(archive.path) as again:
        assert again.rows() == archive.rows()
        finish(again, 1, Failure("timeout", "over 60 s"))
    assert [row.status for row in archive.rows()] == ["pending", "failed"]


# Plain SQL

RECOUNT = """
SELECT e.robustness, e.accuracy, e.attacked, e.queries, e.words_changed_share,
    AVG(t.outcome = 'failed'), AVG(t.predicted = t.label), COUNT(*),
    CASE WHEN COUNT(t.queries) = COUNT(*)
        THEN SUM(CASE WHEN t.outcome != 'skipped' THEN t.queries ELSE 0 END) END,
    SUM(CASE WHEN t.outcome = 'succeeded' AND t.words > 0
        THEN 1.0 * t.words_changed / t.words ELSE 0 END)
FROM {table} e JOIN texts t ON t.birth = e.birth AND t.split = ? AND t.spec = e.spec
GROUP BY e.birth ORDER BY e.birth
"""


@given(st.lists(attacked_texts(), min_size=1, max_size=3))
def test_every_stored_ratio_can_be_recounted_from_the_texts(splits):
    with TemporaryDirectory() as folder, Archive.create(Path(folder, FILE_NAME)) as archive:
        archive.ask(births(len(splits)))
        for birth, texts in enumerate(splits):
            finish(archive, birth, evaluation_of(texts))
            archive.report(birth, Report(measurement_of(texts), 0.0, tuple(texts)))
        for table, split in [("evaluations", "search"), ("reports", "report")]:
            found = [tuple(r) for r in archive._db.execute(RECOUNT.format(table=table), (split,))]
            assert len(found) == len(splits)
            for row in found:
                assert row[:5] == pytest.approx(row[5:])


def test_derived_columns_are_what_the_records_say(archive):
    archive.ask(births(1))
    evaluation = evaluation_of(TEXTS)
    finish(archive, 0, evaluation)
    names = ("worst_class_accuracy", "worst_class_robustness", "degenerate", "texts")
    (stored,) = query(archive.path, f"SELECT {', '.join(names)} FROM evaluations")
    assert stored == tuple(getattr(evaluation.search, name) for name in names)
    (counts,) = query(archive.path, "SELECT succeeded, failed FROM evaluations")
    assert [json.loads(value) for value in counts] == [[0, 1, 0], [1, 0, 1]]


# Durability

WRITER = """
import sys
from pathlib import Path
from strategies import evaluation_of, some_architectures
from kdnas.archive import Archive, Birth
from kdnas.records import Finished, Job, TextOutcome
texts = [TextOutcome(i, 0, 0, "succeeded", 10, 2, 30, "x" * 500) for i in range(50)]
with Archive.create(Path(sys.argv[1])) as archive:
    for birth, arch in enumerate(some_architectures(500)):
        archive.ask([Birth(birth, arch, "initial", (), birth)])
        archive.finish(Finished(Job(birth, arch, birth), evaluation_of(texts)))
        archive.tell([birth])
        print(birth, flush=True)
"""


@pytest.mark.parametrize("finished", [1, 23, 60])
def test_a_killed_run_leaves_every_finished_row(tmp_path, finished):
    path = tmp_path / FILE_NAME
    command = [sys.executable, "-c", WRITER, str(path)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as writer:
        for _ in range(finished):
            last = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        last = max([last, *map(int, writer.stdout.read().split())])
    assert writer.returncode == -signal.SIGKILL, "it was in the middle of its work"
    with Archive.open(path) as archive:
        rows = archive.rows()
        assert [row.birth for row in rows[: last + 1]] == list(range(last + 1))
        assert all(row.status == "ok" for row in rows[: last + 1])
        assert all(len(archive.texts(row.birth, "search")) == 50 for row in rows[: last + 1])
        assert len(rows) <= last + 2, "and at most the one it was working on"
        told = [birth for kind, birth in archive.events() if kind == "tell"]
        assert told[: last + 1] == list(range(last + 1))
        archive.ask([Birth(9999, archs(1, seed=5)[0], "initial", (), 1)])
        (intact,) = archive._db.execute("PRAGMA integrity_check").fetchone()
    assert intact == "ok"


def test_every_transaction_waits_for_the_disk(archive):
    with Archive.open(archive.path) as again:
        for opened in (archive, again):
            assert opened._db.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL"


def test_it_is_read_while_it_is_written(archive):
    archive.ask(births(1))
    archive._db.execute("BEGIN IMMEDIATE")
    archive._db.execute("UPDATE evaluations SET status = 'failed'")
    with Archive.open(archive.path) as reader:
        assert [row.status for row in reader.rows()] == ["pending"]
    archive._db.execute("ROLLBACK")


def test_a_transaction_is_whole_or_absent(archive):
    """The second of these births is refused, so neither is there."""
    first, second = births(2)
    with pytest.raises(sqlite3.IntegrityError):
        archive.ask([first, replace(second, birth=first.birth)])
    assert (archive.rows(), archive.events()) == ([], [])
    archive.ask([first, second])
    assert len(archive.rows()) == 2


# What is refused


def test_a_student_is_asked_once(archive):
    """By its key: a relabelled architecture is the same student."""
    arch = next(a for a in archs(50) if a.canonical() != a)
    archive.ask([Birth(0, arch, "initial", (), 1)])
    with pytest.raises(sqlite3.IntegrityError, match=r"evaluations\.key"):
        archive.ask([Birth(1, arch.canonical(), "initial", (), 1)])


def refusal(call) -> str:
    with pytest.raises(UserError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_archive(tmp_path):
    place = tmp_path / "run" / FILE_NAME
    assert (
        refusal(lambda: Archive.open(place)) == f"no run at {place.parent}: {FILE_NAME} is missing"
    )
    assert not place.parent.exists(), "looking for one leaves nothing behind"


def test_an_existing_archive_is_not_overwritten(archive):
    archive.ask(births(1))
    assert "exists already" in refusal(lambda: Archive.create(archive.path))
    assert len(archive.rows()) == 1


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / FILE_NAME
    path.write_text("accuracy,robustness\n" * 500)
    assert "not a database" in refusal(lambda: Archive.open(path))
    assert path.read_text() == "accuracy,robustness\n" * 500


def test_another_schema_version(archive):
    path, version = archive.path, SCHEMA_VERSION + 1
    query(path, f"PRAGMA user_version = {version}")
    message = refusal(lambda: Archive.open(path))
    found = f"has schema {version}; this kdnas reads {SCHEMA_VERSION}"
    assert message.endswith(f"{found}: use the kdnas that wrote it, or a new --out")


@pytest.mark.parametrize("kept", sorted(ARCHIVES.glob("*.sqlite")), ids=lambda path: path.stem)
def test_the_archives_of_released_schemas_are_read(kept):
    """Each is an NSGA-II search of twelve toy students, one of which failed, with its reports."""
    with Archive.read(kept) as archive:
        rows, events = archive.rows(), archive.events()
        config = Config.model_validate(archive.meta("config"))
        assert archive.meta("finished")
        assert archive.texts(0, "search") == []
    for row in rows:
        expected = toy_evaluate(Job(row.birth, row.architecture, row.seed))
        assert row.evaluation == (None if row.birth == 4 else expected)
    assert rows[4].failure == Failure("non_finite", "the loss is nan")
    assert Counter(kind for kind, _ in events) == {"ask": 12, "tell": 12}
    front = pareto_front(rows, metrics_of(config.search.objectives), floor=0.0)
    assert {row.birth for row in rows if row.report} == {row.birth for row in front}


def test_there_is_an_archive_of_this_schema():
    assert (ARCHIVES / f"schema-{SCHEMA_VERSION}.sqlite").is_file()


def test_a_damaged_archive(tmp_path):
    path = tmp_path / FILE_NAME
    with Archive.create(path) as archive:
        archive.ask(births(20))
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    assert str(path) in refusal(lambda: Archive.open(path))


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_a_folder_that_cannot_be_made(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    assert "cannot open" in refusal(lambda: Archive.create(tmp_path / place / FILE_NAME))


def test_a_full_disk_is_told_in_one_line_and_loses_nothing(archive):
    archive.ask(births(1))
    (pages,) = archive._db.execute("PRAGMA page_count").fetchone()
    archive._db.execute(f"PRAGMA max_page_count = {pages}")
    message = refusal(lambda: archive.ask(births(500, first=1)))
    assert "full" in message
    assert message.endswith("then go on with --resume")
    assert [row.birth for row in archive.rows()] == [0]


def test_a_foreign_database_is_left_as_it_is(tmp_path):
    path = tmp_path / FILE_NAME
    query(path, "CREATE TABLE other (x)")
    before = path.read_bytes()
    assert "is empty or no archive of a run: use a copy" in refusal(lambda: Archive.open(path))
    assert path.read_bytes() == before


def test_an_empty_file(tmp_path):
    path = tmp_path / FILE_NAME
    path.touch()
    message = refusal(lambda: Archive.open(path))
    assert message == f"{path} is empty or no archive of a run: use a copy of it, or a new --out"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE evaluations SET parents = '[1'",
        "UPDATE evaluations SET parents = x'ff'",
        "UPDATE meta SET value = '{'",
        'UPDATE meta SET value = \'{"search": {"seed": "one"}}\'',
    ],
)
def test_damaged_values_are_one_line_that_says_what_to_do(tmp_path, damage):
    path = tmp_path / FILE_NAME
    with Archive.create(path, config=Config().model_dump(mode="json")) as archive:
        archive.ask(births(1))
    query(path, damage)

    def look() -> None:
        with Archive.read(path) as archive:
            stored_config(archive)
            archive.rows()

    message = refusal(look)
    assert message.startswith(f"{path} cannot be read as an archive (")
    assert message.endswith(
        f"`kdnas verify {tmp_path}` says more; use a copy of it, or a new --out"
    )


def test_a_result_for_a_birth_that_was_never_asked_is_refused(archive):
    with pytest.raises(Exception, match="7"):
        finish(archive, 7, Failure("oom", "?"))


def test_a_run_killed_while_its_archive_is_made_begins_again(tmp_path, monkeypatch):
    """What is half made has another name."""

    def killed(draft: Path, path: Path) -> None:
        raise KeyboardInterrupt

    path = tmp_path / FILE_NAME
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            Archive.create(path, seed=1)
    assert not path.exists()
    with Archive.create(path, seed=2) as archive:
        assert archive.meta("seed") == 2
    assert not list(tmp_path.glob("*.tmp*"))

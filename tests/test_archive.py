"""The archive: what is written comes back, survives a kill, and can be recounted in plain SQL."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import architectures, attacked_texts, evaluation_of, measurement_of, report_of
from strategies import some_architectures as archs

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.problems import describe_toy, toy_evaluate
from kdnas.records import AttackSpec, Evaluation, Failure, Finished, Job, TextOutcome
from kdnas.runs import FILE_NAME, SCHEMA_VERSION, Archive, Birth, ModelArchive, Row, stored_config
from kdnas.space import PAPER_SPACE, simplest

TEXTS = [
    TextOutcome(0, 0, 0, "failed", 12, 0, 40),
    TextOutcome(1, 1, 0, "skipped", 9, 0, 1),
    TextOutcome(2, 1, 1, "succeeded", 8, 2, 33, "a 'dull' film; naïve — “très” 漢字\n"),
    TextOutcome(3, 2, 2, "failed", 20, 0, 71),
]


def know(archive: Archive, texts: list[TextOutcome], *splits: str) -> None:
    """Record the attack, and the texts of the splits as those of `texts`."""
    archive.record_attacks({"textfooler": AttackSpec()})
    for split in splits or ("search", "report"):
        labels = [text.label for text in texts]
        archive.record_split(split, labels, 3, [f"text {i}" for i in range(len(texts))])


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


def query(path: Path, *statements: str) -> list[tuple]:
    """What any SQLite client sees."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [connection.execute(sql).fetchall() for sql in statements][-1]


# Round trips


@given(
    architectures(),
    st.integers(0, 2**31 - 1),
    st.lists(st.integers(0, 99), max_size=2).map(tuple),
    attacked_texts(),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_every_field_of_an_evaluation_comes_back(arch, seed, parents, texts, loss):
    evaluation = evaluation_of(texts, loss=loss, train_seconds=1.5, attack_seconds=0.25)
    with TemporaryDirectory() as folder, Archive.create(Path(folder, FILE_NAME)) as archive:
        know(archive, texts)
        archive.ask([Birth(3, arch, "property", parents, seed)], "rosearch")
        finish(archive, 3, evaluation)
        (row,) = archive.rows()
        assert same(row, birth=3, key=arch.key, operation="property", parents=parents, seed=seed)
        assert row.architecture == arch
        assert (row.status, row.failure, row.report) == ("ok", None, None)
        changed = row.evaluation.search.attack.summed_changed_shares
        assert changed == pytest.approx(evaluation.search.attack.summed_changed_shares, abs=1e-12)
        attack = replace(evaluation.search.attack, summed_changed_shares=changed)  # summed by class
        expected = replace(evaluation, search=replace(evaluation.search, attack=attack))
        assert row.evaluation == replace(expected, texts=(), predictions=())
        assert archive.texts(3, "search") == texts
        assert archive.predictions(3) == evaluation.predictions
        assert archive.texts(3, "report") == []


def test_the_fields_are_all_told_apart(archive):
    """Every number differs, so a column in another's place would be seen."""
    evaluation = evaluation_of(TEXTS, parameters=101, block_parameters=102, flops=103, loss=0.104,
                               train_seconds=105.5, attack_seconds=106.5)  # fmt: skip
    know(archive, TEXTS)
    evaluation = replace(evaluation, values={"milliseconds": 107.5}, weights="ab" * 32)
    archive.ask(births(1), "rosearch")
    finish(archive, 0, evaluation)
    found = archive.rows()[0].evaluation
    for field in fields(Evaluation):
        one_by_one = field.name in ("texts", "predictions")
        expected = () if one_by_one else getattr(evaluation, field.name)
        assert getattr(found, field.name) == expected, field.name


def test_a_loss_that_is_no_number_comes_back_as_that(archive):
    know(archive, TEXTS)
    archive.ask(births(1), "rosearch")
    finish(archive, 0, evaluation_of(TEXTS, loss=math.nan))
    assert math.isnan(archive.rows()[0].evaluation.loss)


@pytest.mark.parametrize("kind", ["oom", "timeout", "non_finite", "killed", "exception"])
def test_failures_come_back(archive, kind):
    failure = Failure(kind, "line one\nline 'two'")
    archive.ask(births(2), "rosearch")
    finish(archive, 1, failure)
    pending, failed = archive.rows()
    assert same(pending, birth=0, status="pending", evaluation=None, failure=None)
    assert same(failed, birth=1, status="failed", evaluation=None, failure=failure)


def test_reports_come_back_beside_the_search_values(archive):
    know(archive, TEXTS, "search")
    know(archive, TEXTS[1:3], "report")
    archive.ask(births(2), "rosearch")
    for birth in (0, 1):
        finish(archive, birth, evaluation_of(TEXTS))
    reported = [replace(text, index=i) for i, text in enumerate(TEXTS[1:3])]
    archive.report(0, report_of(reported, 7.5))
    first, second = archive.rows()
    assert (first.report, second.report) == (measurement_of(reported), None)
    assert first.evaluation == replace(evaluation_of(TEXTS), texts=(), predictions=())
    assert archive.texts(0, "report") == reported
    assert archive.texts(0, "search") == TEXTS
    seconds = "SELECT seconds FROM measurements WHERE split = 'report'"
    assert query(archive.path, seconds) == [(7.5,)]


def test_a_report_can_be_made_again(archive):
    know(archive, TEXTS)
    archive.ask(births(1), "rosearch")
    finish(archive, 0, evaluation_of(TEXTS))
    for words in (12, 13):
        texts = [replace(text, words=words) for text in TEXTS]
        archive.report(0, report_of(texts))
    assert archive.rows()[0].report == measurement_of(texts)
    assert archive.texts(0, "report") == texts


def test_trials_of_a_student_are_pooled_over_the_texts(archive):
    """Counts are means, so that a text counts once, however often the student was trained."""
    know(archive, TEXTS)
    (student,) = births(1)
    archive.ask([student, replace(student, seed=11, replicate=1)], "rosearch")
    missed = [replace(text, predicted=(text.label + 1) % 3, outcome="skipped", words_changed=0,
                      perturbed="") for text in TEXTS]  # fmt: skip
    for replicate, texts in enumerate((TEXTS, missed)):
        job = Job(0, student.architecture, 0, replicate=replicate)
        assert archive.rows()[0].status == "pending"
        archive.finish(Finished(job, evaluation_of(texts)))
    (row,) = archive.rows()
    assert [trial.seed for trial in row.trials] == [10, 11]
    assert row.chosen == row.trials[0]
    first, second = (trial.evaluation.search for trial in row.trials)
    assert row.evaluation.search.accuracy == (first.accuracy + second.accuracy) / 2
    assert row.evaluation.search.robustness == (first.robustness + second.robustness) / 2
    assert (row.evaluation.search.texts, row.evaluation.search.attack.texts) == (4, 4)


def test_a_result_without_predictions_has_no_place(archive):
    """So a run writes whole measurements only, and `counts only` stands for older records."""
    archive.ask(births(1), "rosearch")
    without = replace(evaluation_of(TEXTS), predictions=())
    with pytest.raises(ValueError, match="the texts of search are not recorded"):
        finish(archive, 0, without)
    know(archive, TEXTS)
    with pytest.raises(ValueError, match="0 predictions on 4 texts"):
        finish(archive, 0, without)
    assert [row.status for row in archive.rows()] == ["pending"]


def test_a_toy_student_is_measured_as_others(archive):
    (student,) = births(1)
    describe_toy(archive)
    archive.ask([student], "rosearch")
    evaluation = toy_evaluate(Job(0, student.architecture, 0))
    finish(archive, 0, evaluation)
    assert archive.rows()[0].evaluation == replace(evaluation, texts=(), predictions=())
    assert tuple(archive.texts(0, "search")) == evaluation.texts
    assert query(archive.path, "SELECT state FROM measurements") == [("whole",)]


def test_events_keep_their_order(archive):
    archive.ask(births(3), "rosearch")
    archive.tell([2, 0])
    archive.ask(births(1, first=3), "rosearch")
    archive.tell([1])
    told = [("tell", 2), ("tell", 0), ("ask", 3), ("tell", 1)]
    assert archive.events() == [("ask", 0), ("ask", 1), ("ask", 2), *told]


def test_rows_come_in_birth_order(archive):
    archive.ask(list(reversed(births(4))), "rosearch")
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
    archive.ask(births(2), "rosearch")
    with Archive.open(archive.path) as again:
        assert again.rows() == archive.rows()
        finish(again, 1, Failure("timeout", "over 60 s"))
    assert [row.status for row in archive.rows()] == ["pending", "failed"]


# Plain SQL

RECOUNT = """
SELECT AVG(outcome = 'failed'), AVG(predicted = label), COUNT(*),
    CASE WHEN COUNT(queries) = COUNT(*)
        THEN SUM(CASE WHEN outcome != 'skipped' THEN queries ELSE 0 END) END,
    SUM(CASE WHEN outcome = 'succeeded' AND words > 0
        THEN 1.0 * words_changed / words ELSE 0 END),
    SUM(outcome = 'failed' AND label = 0), SUM(outcome = 'failed' AND label = 1)
FROM outcomes JOIN measurements USING (measurement) JOIN originals USING (split, text_index)
WHERE split = ? GROUP BY trial ORDER BY trial
"""


@given(attacked_texts(), st.integers(0, 2))
def test_every_ratio_is_what_plain_sql_counts(texts, shift):
    """A second student predicts other classes for the same texts."""
    with TemporaryDirectory() as folder, Archive.create(Path(folder, FILE_NAME)) as archive:
        know(archive, texts)
        archive.ask(births(2), "rosearch")
        others = [replace(t, predicted=(t.label + shift) % 3) for t in texts]
        others = [
            replace(t, outcome="skipped", words_changed=0, perturbed="") if shift else t
            for t in (others if shift else texts)
        ]
        for birth, found in enumerate((texts, others)):
            finish(archive, birth, evaluation_of(found))
            archive.report(birth, report_of(found))
        rows = archive.rows()
        for split in ("search", "report"):
            counted = [tuple(row) for row in archive._db.execute(RECOUNT, (split,))]
            for row, values in zip(rows, counted, strict=True):
                m = row.evaluation.search if split == "search" else row.report
                held = m.attack.failed[:2]
                words = m.attack.summed_changed_shares
                expected = (m.robustness, m.accuracy, m.texts, m.attack.queries, words, *held)
                assert values == pytest.approx(expected)


# Durability

WRITER = """
import sys
from pathlib import Path
from strategies import evaluation_of, some_architectures
from kdnas.runs import Archive, Birth
from kdnas.records import AttackSpec, Finished, Job, TextOutcome
texts = [TextOutcome(i, 0, 0, "succeeded", 10, 2, 30, "x" * 500) for i in range(50)]
with Archive.create(Path(sys.argv[1])) as archive:
    archive.record_attacks({"textfooler": AttackSpec()})
    archive.record_split("search", [0] * 50, 3, ["x"] * 50)
    for birth, arch in enumerate(some_architectures(500)):
        archive.ask([Birth(birth, arch, "initial", (), birth)], "rosearch")
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
        archive.ask([Birth(9999, archs(1, seed=5)[0], "initial", (), 1)], "rosearch")
        (intact,) = archive._db.execute("PRAGMA integrity_check").fetchone()
    assert intact == "ok"


def test_every_transaction_waits_for_the_disk(archive):
    with Archive.open(archive.path) as again:
        for opened in (archive, again):
            assert opened._db.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL"


def test_it_is_read_while_it_is_written(archive):
    archive.ask(births(1), "rosearch")
    archive._db.execute("BEGIN IMMEDIATE")
    archive._db.execute("UPDATE trials SET seed = 77")
    with Archive.open(archive.path) as reader:
        assert [row.seed for row in reader.rows()] == [10]
    archive._db.execute("ROLLBACK")


def test_a_transaction_is_whole_or_absent(archive):
    """The second of these births is refused, so neither is there."""
    first, second = births(2)
    with pytest.raises(sqlite3.IntegrityError):
        archive.ask([first, replace(second, birth=first.birth)], "rosearch")
    assert (archive.rows(), archive.events()) == ([], [])
    archive.ask([first, second], "rosearch")
    assert len(archive.rows()) == 2


# What is refused


def test_a_student_is_asked_once(archive):
    """By its key: a relabelled architecture is the same student."""
    arch = next(a for a in archs(50) if a.canonical() != a)
    archive.ask([Birth(0, arch, "initial", (), 1)], "rosearch")
    with pytest.raises(sqlite3.IntegrityError, match=r"students\.key"):
        archive.ask([Birth(1, arch.canonical(), "initial", (), 1)], "rosearch")


def refusal(call) -> str:
    with pytest.raises(UserError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_missing_archive(tmp_path):
    place = tmp_path / "run" / FILE_NAME
    message = refusal(lambda: Archive.open(place))
    assert message == f"no run at {place.parent}: there is no such folder"
    message = refusal(lambda: Archive.open(tmp_path / FILE_NAME))
    assert message == f"no run at {tmp_path}: {FILE_NAME} is missing"
    assert not place.parent.exists(), "looking for one leaves nothing behind"


def test_an_existing_archive_is_not_overwritten(archive):
    archive.ask(births(1), "rosearch")
    assert "exists already" in refusal(lambda: Archive.create(archive.path))
    assert len(archive.rows()) == 1


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / FILE_NAME
    path.write_text("accuracy,robustness\n" * 500)
    assert "not a database" in refusal(lambda: Archive.open(path))
    assert path.read_text() == "accuracy,robustness\n" * 500


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (SCHEMA_VERSION - 1, "read it with kdnas 0.1.0, or use a new --out"),
        (SCHEMA_VERSION + 1, "read it with a later kdnas, or use a new --out"),
    ],
)
@pytest.mark.parametrize("kind", [Archive, ModelArchive])
def test_another_schema_version(archive, version, advice, kind):
    query(archive.path, f"PRAGMA user_version = {version}")
    message = refusal(lambda: kind.open(archive.path))
    found = f"has schema {version}; this kdnas reads {SCHEMA_VERSION}"
    assert message == f"{archive.path} {found}: {advice}"


def test_a_damaged_archive(tmp_path):
    path = tmp_path / FILE_NAME
    with Archive.create(path) as archive:
        archive.ask(births(20), "rosearch")
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    assert str(path) in refusal(lambda: Archive.open(path))


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_a_folder_that_cannot_be_made(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    assert "cannot open" in refusal(lambda: Archive.create(tmp_path / place / FILE_NAME))


def test_a_full_disk_is_told_in_one_line_and_loses_nothing(archive):
    archive.ask(births(1), "rosearch")
    (pages,) = archive._db.execute("PRAGMA page_count").fetchone()
    archive._db.execute(f"PRAGMA max_page_count = {pages}")
    message = refusal(lambda: archive.ask(births(500, first=1), "rosearch"))
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
        "UPDATE students SET parents = '[1'",
        "UPDATE students SET parents = '7'",
        "UPDATE meta SET value = '{'",
        'UPDATE meta SET value = \'{"search": {"seed": "one"}}\'',
        "UPDATE measurements SET counts = '[]'",
        "DELETE FROM measurements",
    ],
)
def test_damaged_values_are_one_line_that_says_what_to_do(tmp_path, damage):
    path = tmp_path / FILE_NAME
    with Archive.create(path, config=Config().model_dump(mode="json")) as archive:
        know(archive, TEXTS)
        archive.ask(births(1), "rosearch")
        finish(archive, 0, evaluation_of(TEXTS))
    query(path, "PRAGMA ignore_check_constraints = ON", damage)

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

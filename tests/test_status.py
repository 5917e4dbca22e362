"""The status of a run: what the file says, that it is always whole, and what the command prints."""

import json
import os
import resource
import time
from contextlib import suppress
from dataclasses import asdict, replace
from threading import Event, Thread

import pytest
from evaluators import MEASUREMENT
from strategies import some_architectures
from typer.testing import CliRunner

from kdnas import progress as module
from kdnas.cli.app import app
from kdnas.progress import Listener, Progress
from kdnas.records import Evaluation, Failure, Finished, Job, Result
from kdnas.runs import FILE_NAME, Archive, Birth, holder
from kdnas.runs.lock import RunLock
from kdnas.runs.status import Status, read_status, write_status

(ARCH,) = some_architectures(1)
BIRTH = Birth(0, ARCH, "initial", (), 0)
EVALUATION = Evaluation(1, 1, 1, MEASUREMENT)


def done(result: Result, *, recalled: bool = False) -> Finished:
    return Finished(Job(0, ARCH, 0), result, recalled=recalled)


class Noting(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def stage(self, status):
        self.told.append((status.stage, status.total))

    def finished(self, birth, done, status):
        self.told.append((done.result, status.done, status.busy))


class Crew:
    slots, busy = 4, 3


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.02)


@pytest.fixture
def archive(tmp_path):
    with Archive.create(tmp_path / FILE_NAME) as archive:
        yield archive


def eventually(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_file_says_what_was_told_and_it_is_passed_on(tmp_path, archive):
    listener = Noting()
    with Progress(tmp_path, archive, listener) as progress:
        progress.stage("search", 10, recorded=2)
        for result in (EVALUATION, EVALUATION, EVALUATION):
            progress.finished(BIRTH, done(result))
        with progress.watching(Crew()):
            progress.finished(BIRTH, done(Failure("oom", "?")))
            eventually(lambda: (s := read_status(tmp_path)) is not None and s.busy == 3)
        eventually(lambda: (s := read_status(tmp_path)) is not None and s.done == 4)
    found = read_status(tmp_path)
    assert found is not None
    assert (found.stage, found.done, found.total, found.recorded) == ("search", 4, 10, 2)
    assert found.failed == {"oom": 1}
    assert (found.busy, found.slots) == (3, 4)
    evaluated = [(EVALUATION, number, 0) for number in (1, 2, 3)]
    assert listener.told == [("search", 10), *evaluated, (Failure("oom", "?"), 4, 3)]


def test_what_another_run_has_evaluated_counts_as_recorded(tmp_path, archive):
    with Progress(tmp_path, archive) as progress:
        progress.stage("search", 4, recorded=1)
        for recalled in (False, True, False):
            progress.finished(BIRTH, done(EVALUATION, recalled=recalled))
        eventually(lambda: (s := read_status(tmp_path)) is not None and s.done == 3)
    found = read_status(tmp_path)
    assert found is not None
    assert (found.done, found.recorded) == (3, 2)


def test_the_pace_leaves_out_what_the_workers_began_with(tmp_path, archive, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    told: list[float | None] = []

    class Told(Listener):
        def finished(self, birth, done, status):
            told.append(status.seconds_left)

    class Two:
        slots, busy = 2, 2

    with Progress(tmp_path, archive, Told()) as progress, progress.watching(Two()):
        progress.stage("search", 6, recorded=1)
        for passed in (0, 100, 0, 10, 10):  # the first was recorded
            clock[0] += passed
            progress.finished(BIRTH, done(EVALUATION))
    assert told == [None, None, None, pytest.approx(2 * 10), pytest.approx(1 * 10)]


def test_the_pace_leaves_out_what_was_recorded_before():
    found = Status("search", done=14, total=50, recorded=2, since=1000.0, updated=1360.0)
    assert found.per_hour == pytest.approx(120)
    assert found.seconds_left == pytest.approx(36 * 30)
    assert Status("search", done=2, total=50, recorded=2).seconds_left is None
    assert Status("teacher", since=1.0, updated=2.0).seconds_left is None


def test_a_reader_never_sees_half_a_file(tmp_path, archive, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.0005)
    with Progress(tmp_path, archive) as progress:
        progress.stage("x" * 5000, 1)
        for _ in range(500):
            found = read_status(tmp_path)
            assert found is not None
            assert found.stage == "x" * 5000


def test_a_folder_that_cannot_be_written_ends_no_run(tmp_path, archive):
    gone = tmp_path / "gone"
    with Progress(gone, archive) as progress:
        progress.stage("search", 1)
        progress.finished(BIRTH, done(EVALUATION))
    assert read_status(gone) is None


def printed(folder, *options: str) -> str:
    result = CliRunner().invoke(app, ["status", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_tells_a_running_a_stopped_and_a_finished_run(tmp_path, archive):
    with (
        RunLock(tmp_path),
        Progress(tmp_path, archive) as progress,
        progress.watching(Crew()),
    ):
        progress.stage("search", 7)
        for _ in range(5):
            progress.finished(BIRTH, done(Failure("timeout", "?")))
        eventually(lambda: (s := read_status(tmp_path)) is not None and s.done == 5)
        running = printed(tmp_path)
        (as_json,) = json.loads(printed(tmp_path, "--json"))
    assert f"running, process {os.getpid()}" in running
    assert "stage search 5 of 7, failed: 5 timeout" in running
    assert "workers: 3 busy, 1 idle" in running
    assert "left" in running
    assert as_json["holder"]["pid"] == os.getpid()
    assert as_json["failed"] == {"timeout": 5}
    stopped = printed(tmp_path)
    assert "not running; go on with --resume" in stopped
    assert "stage search 5 of 7" in stopped
    assert "busy" not in stopped
    assert "left" not in stopped
    archive.set_meta(finished=True)
    assert printed(tmp_path).strip().endswith("finished")


def test_the_command_tells_a_dead_run_and_one_that_is_silent_elsewhere(
    tmp_path, archive, monkeypatch
):
    monkeypatch.setattr(holder, "HEARTBEAT", 0.1)
    monkeypatch.setattr(holder, "WATCH", 0.5)

    def told(**other: str) -> str:
        left = json.dumps(asdict(replace(holder.Holder.me(), pid=1, **other)))
        (tmp_path / holder.FILE_NAME).write_text(left)
        return printed(tmp_path)

    assert f"process 1 on {holder.Holder.me().host} since" in told()
    assert "is gone; go on with --resume" in told()
    assert "gives no sign of life; if" in told(host="a", machine="a")

    def beat() -> None:
        for number in range(100):
            os.utime(tmp_path / holder.FILE_NAME, (number, number))
            if over.wait(0.1):
                return

    told(host="a", machine="a")
    over, beating = Event(), Thread(target=beat)
    beating.start()
    assert "running, process 1 on a since" in printed(tmp_path)
    over.set()
    beating.join()


def test_a_full_disk_leaves_no_draft(tmp_path):
    write_status(tmp_path, Status("search"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            write_status(tmp_path, Status("report"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]
    found = read_status(tmp_path)
    assert found is not None
    assert found.stage == "search"


def test_seconds_of_a_stage_are_added_up_over_resumes_even_if_it_fails(tmp_path, archive):
    with Progress(tmp_path, archive) as progress:
        progress.stage("teacher")
        time.sleep(0.02)
        progress.stage("search", 3)
        assert archive.meta("stages").keys() == {"teacher"}
    first = archive.meta("stages")
    assert first["teacher"] >= 0.02
    assert first.keys() == {"teacher", "search"}
    with suppress(ZeroDivisionError), Progress(tmp_path, archive) as progress:
        progress.stage("search", 3)
        time.sleep(0.02)
        progress.stage("report", 1 // 0)
    second = archive.meta("stages")
    assert second["search"] >= first["search"] + 0.02
    assert second["teacher"] == first["teacher"]

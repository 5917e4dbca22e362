"""The status of a run: what the file says, that it is always whole, and what the command prints."""

import json
import os
import time

import pytest
from evaluators import MEASUREMENT
from strategies import some_architectures
from typer.testing import CliRunner

from kdnas.cli.app import app
from kdnas.records import Evaluation, Failure, Finished, Job, Result
from kdnas.runs import FILE_NAME, Archive, Birth
from kdnas.runs import status as module
from kdnas.runs.lock import RunLock
from kdnas.runs.status import Status, StatusFile, read_status

(ARCH,) = some_architectures(1)
BIRTH = Birth(0, ARCH, "initial", (), 0)
EVALUATION = Evaluation(1, 1, 1, MEASUREMENT)


def done(result: Result, *, recalled: bool = False) -> Finished:
    return Finished(Job(0, ARCH, 0), result, recalled=recalled)


class Nobody:
    """An observer."""

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


def eventually(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_file_says_what_was_told_and_it_is_passed_on(tmp_path):
    observer = Nobody()
    with StatusFile(tmp_path, observer, recorded=2) as file:
        file.stage("search", 10)
        for result in (EVALUATION, EVALUATION, EVALUATION):
            file.finished(BIRTH, done(result))
        with file.watching(Crew()):
            file.finished(BIRTH, done(Failure("oom", "?")))
            eventually(lambda: (s := read_status(tmp_path)) is not None and s.busy == 3)
        eventually(lambda: (s := read_status(tmp_path)) is not None and s.done == 4)
    found = read_status(tmp_path)
    assert found is not None
    assert (found.stage, found.done, found.total, found.recorded) == ("search", 4, 10, 2)
    assert found.failed == {"oom": 1}
    assert (found.busy, found.slots) == (3, 4)
    evaluated = [(EVALUATION, number, 0) for number in (1, 2, 3)]
    assert observer.told == [("search", 10), *evaluated, (Failure("oom", "?"), 4, 3)]


def test_what_another_run_has_evaluated_counts_as_recorded(tmp_path):
    with StatusFile(tmp_path, Nobody(), recorded=1) as file:
        file.stage("search", 4)
        for recalled in (False, True, False):
            file.finished(BIRTH, done(EVALUATION, recalled=recalled))
        eventually(lambda: (s := read_status(tmp_path)) is not None and s.done == 3)
    found = read_status(tmp_path)
    assert found is not None
    assert (found.done, found.recorded) == (3, 2)


def test_the_pace_leaves_out_what_was_recorded_before():
    found = Status("search", done=14, total=50, recorded=2, since=1000.0, updated=1360.0)
    assert found.per_hour == pytest.approx(120)
    assert found.seconds_left == pytest.approx(36 * 30)
    assert Status("search", done=2, total=50, recorded=2).seconds_left is None
    assert Status("teacher", since=1.0, updated=2.0).seconds_left is None


def test_a_reader_never_sees_half_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SECONDS", 0.0005)
    with StatusFile(tmp_path, Nobody()) as file:
        file.stage("x" * 5000, 1)
        for _ in range(500):
            found = read_status(tmp_path)
            assert found is not None
            assert found.stage == "x" * 5000


def test_a_folder_that_cannot_be_written_ends_no_run(tmp_path):
    gone = tmp_path / "gone"
    with StatusFile(gone, Nobody()) as file:
        file.stage("search", 1)
        file.finished(BIRTH, done(EVALUATION))
    assert read_status(gone) is None


def printed(folder, *options: str) -> str:
    result = CliRunner().invoke(app, ["status", str(folder), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_tells_a_running_a_stopped_and_a_finished_run(tmp_path):
    with Archive.create(tmp_path / FILE_NAME) as archive:
        with (
            RunLock(tmp_path),
            StatusFile(tmp_path, Nobody()) as file,
            file.watching(Crew()),
        ):
            file.stage("search", 7)
            file.finished(BIRTH, done(Failure("timeout", "?")))
            eventually(lambda: (s := read_status(tmp_path)) is not None and s.done == 1)
            running = printed(tmp_path)
            (as_json,) = json.loads(printed(tmp_path, "--json"))
        assert f"running, process {os.getpid()}" in running
        assert "stage search 1 of 7, failed: 1 timeout" in running
        assert "workers: 3 busy, 1 idle" in running
        assert "left" in running
        assert as_json["holder"]["pid"] == os.getpid()
        assert as_json["failed"] == {"timeout": 1}
        stopped = printed(tmp_path)
        assert "not running; go on with --resume" in stopped
        assert "stage search 1 of 7" in stopped
        assert "busy" not in stopped
        assert "left" not in stopped
        archive.set_meta(finished=True)
        assert printed(tmp_path).strip().endswith("finished")

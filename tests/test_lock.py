"""The lock of a run folder: one writer, dead ones do not matter, other hosts are believed."""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from kdnas.errors import UserError
from kdnas.runs import lock
from kdnas.runs.lock import FILE_NAME, STALE, Holder, RunLock, holder_of


def write(folder: Path, holder: Holder, silent: float = 0.0) -> None:
    """A lock that another process left."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    path.write_text(json.dumps(asdict(holder)))
    then = time.time() - silent
    os.utime(path, (then, then))


def test_a_lock_names_its_process_and_goes_with_it(tmp_path):
    folder = tmp_path / "new" / "run"
    assert holder_of(tmp_path) is None
    with RunLock(folder) as held:
        assert holder_of(folder) == Holder.me()
        assert held.mine
    assert holder_of(folder) is None


def test_a_second_writer_is_refused_with_the_name_of_the_first(tmp_path):
    with (
        RunLock(tmp_path),
        pytest.raises(UserError, match=rf"in use by process {os.getpid()} on {Holder.me().host}"),
    ):
        RunLock(tmp_path)


@pytest.mark.parametrize("take_over", [False, True])
def test_a_running_process_of_this_host_keeps_its_lock(take_over, tmp_path):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        started = lock.psutil.Process(other.pid).create_time()
        write(tmp_path, replace(Holder.me(), pid=other.pid, started=started), silent=10 * STALE)
        with pytest.raises(UserError, match=f"in use by process {other.pid}"):
            RunLock(tmp_path, take_over=take_over)
        assert other.stdin
        other.stdin.close()
    with RunLock(tmp_path):  # it has ended
        pass


def test_a_later_process_of_the_same_number_is_another_one(tmp_path):
    write(tmp_path, replace(Holder.me(), started=Holder.me().started - 100))
    with RunLock(tmp_path):
        assert holder_of(tmp_path) == Holder.me()


def test_a_killed_process_leaves_no_lock_that_matters(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from kdnas.runs.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -9
    left = holder_of(tmp_path)
    assert left is not None
    assert left.runs is False
    with RunLock(tmp_path):
        assert holder_of(tmp_path) == Holder.me()


ELSEWHERE = Holder("another-host", 1, 1.0)


@pytest.mark.parametrize("take_over", [False, True])
def test_another_host_with_a_fresh_heartbeat_is_believed(take_over, tmp_path):
    write(tmp_path, ELSEWHERE, silent=STALE - 5)
    with pytest.raises(UserError, match=r"another-host, which gave a sign of life 5[0-9] s ago"):
        RunLock(tmp_path, take_over=take_over)
    assert holder_of(tmp_path) == ELSEWHERE


def test_a_silent_host_is_taken_over_on_demand_only(tmp_path):
    write(tmp_path, ELSEWHERE, silent=STALE + 5)
    with pytest.raises(UserError, match=r"silent for 6[0-9] s: .* --take-over"):
        RunLock(tmp_path)
    with RunLock(tmp_path, take_over=True):
        assert holder_of(tmp_path) == Holder.me()


def test_who_was_taken_over_writes_no_more(tmp_path):
    with RunLock(tmp_path) as held:
        held.require_mine()
        write(tmp_path, ELSEWHERE)
        with pytest.raises(UserError, match=r"was taken over by process 1 on another-host"):
            held.require_mine()
    assert holder_of(tmp_path) == ELSEWHERE  # it is not ours to remove


def test_the_heart_beats(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "HEARTBEAT", 0.05)
    with RunLock(tmp_path):
        os.utime(tmp_path / FILE_NAME, (1.0, 1.0))
        end = time.monotonic() + 10
        while (tmp_path / FILE_NAME).stat().st_mtime < 2.0 and time.monotonic() < end:
            time.sleep(0.02)
        assert (tmp_path / FILE_NAME).stat().st_mtime > 2.0


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": "a"}'])
def test_a_damaged_lock_is_named(text, tmp_path):
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(UserError, match=r"lock\.json is damaged"):
        RunLock(tmp_path)


def test_two_that_find_a_dead_lock_do_not_both_get_it(tmp_path):
    write(tmp_path, replace(Holder.me(), started=1.0))
    code = (
        "import sys, time; from pathlib import Path; from kdnas.runs.lock import RunLock\n"
        "from kdnas.errors import UserError\n"
        "try:\n"
        "    with RunLock(Path(sys.argv[1])): print('got'); time.sleep(1.5)\n"
        "except UserError: print('refused')"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    many = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in many)
    assert said == ["got", "refused", "refused", "refused"]

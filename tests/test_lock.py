"""The lock of a run folder: one writer, dead ones do not matter, and no clock decides."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest

from kdnas.errors import UserError
from kdnas.runs import FILE_NAME as ARCHIVE
from kdnas.runs import MODELS_FILE, Archive, ModelArchive, held, holder, lock
from kdnas.runs.holder import FILE_NAME, Holder, holder_of, state_of
from kdnas.runs.lock import RunLock

DAY = 86400.0
SHIFTS = (-DAY, -1.0, 1.0, DAY)
"""How far a clock is set, in seconds."""

PROGRAM = """
import fcntl, json, os, signal, socket, sys, time
from pathlib import Path
import psutil
from kdnas.errors import UserError
from kdnas.runs import holder, lock

folder, asked = Path(sys.argv[1]), json.loads(sys.argv[2])

def clock_is_set(seconds):
    for module, name in ((time, "time"), (psutil._psplatform, "boot_time")):
        def told(real=getattr(module, name)): return real() + seconds
        setattr(module, name, told)

def flock(*_):
    if asked["flock"]:
        raise OSError(asked["flock"], "simulated")

clock_is_set(asked.get("shift", 0))
lock.HEARTBEAT, holder.HEARTBEAT, holder.WATCH = 0.1, 0.1, 3.0
if "host" in asked:  # another machine, which sees no lock of this kernel
    socket.gethostname = lambda: asked["host"]
    holder._machine = lambda: asked["host"]
    fcntl.flock = flock
try:
    with lock.RunLock(folder, take_over=asked.get("take_over", False)) as mine:
        print("got", flush=True)
        for line in sys.stdin:
            clock_is_set(float(line))
            mine.require_mine()
            print("still", flush=True)
except UserError as error:
    print(error, flush=True)
"""


class Process:
    """A process that locks a folder, and keeps it until it is ended; `said` is what came of it."""

    def __init__(self, folder: Path, *before: str, **asked: object) -> None:
        command = [*before, sys.executable, "-c", PROGRAM, str(folder), json.dumps(asked)]
        self.popen = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.popen.stdout
        self.said = self.popen.stdout.readline().strip()

    def set_clock(self, seconds: float) -> str:
        """Have its clock set, and it write; what it says then."""
        assert self.popen.stdin
        assert self.popen.stdout
        self.popen.stdin.write(f"{seconds}\n")
        self.popen.stdin.flush()
        return self.popen.stdout.readline().strip()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            self.popen.kill()
        self.popen.communicate()


@pytest.fixture
def start(tmp_path):
    """Starts processes in `tmp_path`; they end with the test."""
    started: list[Process] = []

    def start(*before: str, **asked: object) -> Process:
        started.append(Process(tmp_path, *before, **asked))
        return started[-1]

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(lock, "HEARTBEAT", 0.1)
    monkeypatch.setattr(holder, "HEARTBEAT", 0.1)
    monkeypatch.setattr(holder, "WATCH", 0.6)


def write(folder: Path, holder: Holder, ago: float = 0.0) -> None:
    """A lock that another process left."""
    path = folder / FILE_NAME
    path.write_text(json.dumps(asdict(holder)))
    then = time.time() - ago
    os.utime(path, (then, then))


# One machine: the kernel decides


def test_a_lock_names_its_process_and_goes_with_it(tmp_path):
    folder = tmp_path / "new" / "run"
    assert holder_of(tmp_path) is None
    with RunLock(folder) as held:
        found = holder_of(folder)
        assert found is not None
        assert (found.host, found.pid) == (Holder.me().host, os.getpid())
        assert held.mine
        assert state_of(folder) == "held"
    assert state_of(folder) == "free"
    assert list(folder.iterdir()) == []


def test_a_second_writer_is_refused_with_the_name_of_the_first(tmp_path):
    name = rf"in use by process {os.getpid()} on {Holder.me().host} since \d{{4}}-\d\d-\d\d "
    with RunLock(tmp_path):
        for take_over in (False, True):
            with pytest.raises(UserError, match=f"{name}.*: wait for it, or end it"):
                RunLock(tmp_path, take_over=take_over)


def test_a_killed_process_leaves_no_lock_that_matters(tmp_path, start):
    killed = start()
    assert killed.said == "got"
    assert state_of(tmp_path) == "held"
    killed.kill()
    assert state_of(tmp_path) == "gone"
    assert start().said == "got"


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_clock_that_is_set_changes_nothing(shift, tmp_path, start):
    first = start()
    assert "in use by" in start(shift=shift, take_over=True).said
    assert first.set_clock(shift) == "still"
    assert "in use by" in start(take_over=True).said
    first.kill()
    assert start(shift=shift).said == "got"


def test_the_number_of_a_process_decides_nothing(tmp_path):
    with RunLock(tmp_path):
        unknown = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                                 stdout=subprocess.PIPE, check=True)  # fmt: skip
        write(tmp_path, replace(Holder.me(), pid=int(unknown.stdout)))
        assert state_of(tmp_path) == "held"
        with pytest.raises(UserError, match="in use by process"):
            RunLock(tmp_path, take_over=True)
    write(tmp_path, replace(Holder.me(), since="yesterday"))  # of a dead process of our number
    assert state_of(tmp_path) == "gone"
    with RunLock(tmp_path):
        pass


def test_containers_see_each_other(tmp_path, start):
    inside = ("unshare", "--pid", "--fork", "--mount-proc")
    if not shutil.which("unshare") or subprocess.run([*inside, "true"], stderr=-3).returncode:
        pytest.skip("no namespaces here")
    outer = start()
    assert "in use by" in start(*inside, take_over=True).said
    outer.kill()
    inner = start(*inside, "--kill-child")
    assert inner.said == "got"
    found = holder_of(tmp_path)
    assert found is not None
    assert found.pid < 10
    assert state_of(tmp_path) == "held"
    assert "in use by" in start(take_over=True).said
    assert "in use by" in start(*inside, take_over=True).said
    inner.kill()
    assert start().said == "got"


@pytest.mark.parametrize("how", ["fork", "program", "spawn"])
def test_a_child_that_outlives_its_parent_keeps_no_lock(how, tmp_path):
    code = (
        "import os, subprocess, sys, time; from multiprocessing import get_context\n"
        "from pathlib import Path; from kdnas.runs.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])):\n"
        "    if sys.argv[2] == 'fork': child = os.fork()\n"
        "    if sys.argv[2] == 'fork' and not child: time.sleep(60); sys.exit()\n"
        "    if sys.argv[2] == 'program': child = subprocess.Popen(['sleep', '60']).pid\n"
        "    if sys.argv[2] == 'spawn':\n"
        "        process = get_context('spawn').Process(target=time.sleep, args=(60,))\n"
        "        process.start(); child = process.pid; time.sleep(0.5)\n"
        "    print(child, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert state_of(tmp_path) == "held"
        parent.kill()
        parent.wait()
        try:
            os.kill(child, 0)  # it lives
            assert state_of(tmp_path) == "gone"
            with RunLock(tmp_path):
                pass
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_forked_child_that_ends_takes_nothing_along(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from kdnas.runs.lock import RunLock\n"
        "with RunLock(Path(sys.argv[1])) as held:\n"
        "    child = os.fork()\n"
        "    if child: os.waitpid(child, 0); held.require_mine(); print('still')\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout == "still\n"
    assert list(tmp_path.iterdir()) == []


def test_who_looks_at_a_lock_keeps_nobody_out(tmp_path):
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.001):
            state_of(tmp_path)

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(50):
            with RunLock(tmp_path):
                pass
    finally:
        over.set()
        for reader in readers:
            reader.join()


# Several machines: signs of life are watched


@pytest.mark.parametrize(
    ("shift", "flock"),
    [(-DAY, 0), (-1.0, errno.ENOLCK), (1.0, errno.EOPNOTSUPP), (DAY, 0)],
)
def test_the_clocks_of_two_machines_may_disagree(shift, flock, tmp_path, start):
    elsewhere = partial(start, host="b", flock=flock)
    first = start(host="a", flock=flock)
    assert first.said == "got"
    assert "in use by process" in elsewhere(shift=shift, take_over=True).said
    assert first.set_clock(shift) == "still"
    assert " on a since" in elsewhere(take_over=True).said
    first.popen.send_signal(signal.SIGSTOP)
    assert "no sign of life for" in elsewhere(shift=-shift).said
    second = elsewhere(shift=-shift, take_over=True)
    assert second.said == "got"
    first.popen.send_signal(signal.SIGCONT)
    assert "was taken over by process" in first.set_clock(0)
    assert second.set_clock(shift) == "still"  # what is not its own, the first did not remove


ELSEWHERE = Holder("another-host", 1, "another-machine", "2026-01-01 00:00:00+00:00")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("ago", [0.0, 10.0, -DAY, DAY, -3000 * DAY])
def test_a_silent_machine_is_taken_over_on_demand_only(ago, tmp_path):
    write(tmp_path, ELSEWHERE, ago)
    assert state_of(tmp_path) == "silent"
    with pytest.raises(UserError, match=r"process 1 on another-host since .* 30 s: .* --take-over"):
        RunLock(tmp_path)
    assert holder_of(tmp_path) == ELSEWHERE
    with RunLock(tmp_path, take_over=True) as held:
        assert held.mine


@pytest.mark.usefixtures("quick")
def test_who_watches_a_silent_machine_keeps_nobody_out(tmp_path, monkeypatch):
    monkeypatch.setattr(holder, "WATCH", 1.5)
    write(tmp_path, ELSEWHERE)
    watcher = threading.Thread(target=state_of, args=(tmp_path,))
    watcher.start()
    time.sleep(0.1)
    with RunLock(tmp_path, take_over=True) as held:
        assert held.mine
    watcher.join()


@pytest.mark.usefixtures("quick")
def test_a_machine_that_was_started_anew_has_no_old_runs(tmp_path):
    write(tmp_path, replace(Holder.me(), machine="before"))
    assert state_of(tmp_path) == "gone"
    with RunLock(tmp_path):
        pass


@pytest.mark.usefixtures("quick")
def test_who_lets_go_while_it_is_watched_is_not_in_the_way(tmp_path):
    write(tmp_path, ELSEWHERE)
    ending = threading.Timer(0.2, (tmp_path / FILE_NAME).unlink)
    ending.start()
    with RunLock(tmp_path) as held:
        assert held.mine
    ending.join()


def test_who_was_taken_over_writes_no_more(tmp_path):
    with RunLock(tmp_path) as held:
        held.require_mine()
        write(tmp_path, ELSEWHERE)
        with pytest.raises(UserError, match=r"was taken over by process 1 on another-host"):
            held.require_mine()
    assert holder_of(tmp_path) == ELSEWHERE  # it is not ours to remove
    (tmp_path / FILE_NAME).unlink()
    with RunLock(tmp_path) as held:
        (tmp_path / FILE_NAME).unlink()
        with pytest.raises(UserError, match="was deleted: this run ends"):
            held.require_mine()


@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("hosts", [("",) * 4, ("a", "b", "c", "d")])
def test_two_that_find_a_free_folder_do_not_both_get_it(hosts, dead, tmp_path):
    begin, run = tmp_path / "begin", tmp_path / "run"
    if dead:
        run.mkdir()
        write(run, ELSEWHERE)
    code = PROGRAM.replace("try:\n", f"while not os.path.exists({str(begin)!r}): pass\ntry:\n", 1)
    asked: dict[str, object] = {"take_over": dead}
    many = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(run),
             json.dumps(asked | ({"host": host, "flock": errno.ENOLCK} if host else {}))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for host in hosts
    ]  # fmt: skip
    time.sleep(3)
    begin.touch()
    said = []
    for process in many:
        assert process.stdout
        said.append(process.stdout.readline().strip())
    for process in many:
        process.communicate(timeout=60)
    assert said.count("got") == 1
    assert sum("in use by" in line for line in said) == 3
    assert list(run.iterdir()) == []


# What is left


@pytest.mark.parametrize("text", ["", "{", "[]", '{"host": "a"}'])
def test_a_damaged_lock_is_named(text, tmp_path):
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(UserError, match=r"lock\.json is damaged"):
        RunLock(tmp_path)


@pytest.mark.parametrize("new", [True, False])
def test_a_full_disk_is_told_and_nothing_is_left(new, tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; from kdnas.runs import held\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "with held(Path(sys.argv[1])): pass"
    )
    folder = tmp_path / "deep" / "run" if new else tmp_path
    found = subprocess.run(
        [sys.executable, "-B", "-c", code, str(folder)], stderr=subprocess.PIPE, text=True
    )
    assert f"UserError: cannot lock {folder}" in found.stderr
    assert list(tmp_path.iterdir()) == []


def failing(folder: Path, *made: str) -> None:
    """A run that ends by a mistake, after it made its stores."""
    with suppress(UserError), held(folder):
        for name in made:
            kind = ModelArchive if name == MODELS_FILE else Archive
            kind.create(folder / name).__exit__()
        (folder / "status.json").write_text("{}")
        raise UserError("mistake")


@pytest.mark.parametrize("made", [[], [ARCHIVE], [MODELS_FILE]])
def test_a_new_folder_in_which_nothing_was_recorded_goes(made, tmp_path):
    failing(tmp_path / "deep" / "run", *made)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_or_holds_something_stays(tmp_path):
    failing(tmp_path, ARCHIVE)
    assert {path.name for path in tmp_path.iterdir()} == {ARCHIVE, "status.json"}
    new = tmp_path / "new"
    with suppress(UserError), held(new):
        (new / "notes.txt").touch()
        raise UserError("mistake")
    assert [path.name for path in new.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("there", "other"),
    [
        ((), ""),
        (("lock.json", "lock.json.host.7", "status.json", "status.json.7.tmp"), ""),
        (("archive.sqlite.tmp", "archive.sqlite.tmp-journal", "models.sqlite.tmp"), ""),
        (("archive.sqlite-wal", "comparison.json.7.tmp", "tokenizer", ".snapshot"), ""),
        (("thesis.tex", "archive.sqlite"), ""),
        (("results", "models.sqlite"), ""),
        (("cola", "comparison.json"), ""),
        (("thesis.tex", "status.json"), "thesis.tex"),
        (("models",), "models"),
        (("archive.sqlite.bak", "archive.sqlite-old"), "archive.sqlite-old"),
    ],
)
def test_nothing_begins_among_the_files_of_others(there, other, tmp_path):
    for name in there:
        (tmp_path / name).mkdir() if "." not in name else (tmp_path / name).touch()
    (tmp_path / "lock.json").unlink(missing_ok=True)  # which says of whom
    if not other:
        with held(tmp_path):
            assert holder_of(tmp_path) is not None
        return
    with pytest.raises(UserError, match=f"other files, such as {other}: choose"), held(tmp_path):
        raise AssertionError
    assert {path.name for path in tmp_path.iterdir()} == {*there}


def test_a_folder_with_a_student_stays(tmp_path):
    from strategies import some_architectures

    from kdnas.runs import Birth

    (architecture,) = some_architectures(1)
    folder = tmp_path / "run"
    with suppress(UserError), held(folder):
        with Archive.create(folder / ARCHIVE) as archive:
            archive.ask([Birth(0, architecture, "initial", (), 0)], "rosearch")
        raise UserError("mistake")
    with Archive.read(folder / ARCHIVE) as archive:
        assert len(archive.rows()) == 1
    assert holder_of(folder) is None

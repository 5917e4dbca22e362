"""Workers: the contract of all, typed failures, and processes that die or are interrupted."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import evaluators
import pytest
from strategies import some_architectures

from kdnas.errors import UserError
from kdnas.records import Evaluate, Evaluation, Failure, Job, Result
from kdnas.workers import Inline, Processes, Recalling, Workers, finished, guarded
from kdnas.workers.child import Child

JOBS = [Job(birth, arch, seed=10 * birth) for birth, arch in enumerate(some_architectures(6))]
REPORTS = [replace(job, stage="report") for job in JOBS]


def results(workers: Workers, jobs: Sequence[Job]) -> dict[Job, Result]:
    return {done.job: done.result for done in finished(workers, jobs)}


def inline(evaluate: Evaluate) -> Workers:
    return Inline(evaluate)


def one_process(evaluate: Evaluate) -> Workers:
    return Processes(partial(evaluators.make, evaluate), 1)


def two_processes(evaluate: Evaluate) -> Workers:
    return Processes(partial(evaluators.make, evaluate), 2)


def recalling_nothing(evaluate: Evaluate) -> Workers:
    return Recalling(Inline(evaluate), lambda job: None)


WORKERS = [inline, one_process, two_processes, recalling_nothing]


@pytest.mark.parametrize("make_workers", WORKERS)
class TestContract:
    """What all workers keep to."""

    def test_every_job_has_its_result(self, make_workers):
        with make_workers(evaluators.plain) as workers:
            for jobs in (JOBS, REPORTS, [], JOBS[3:4]):
                found = results(workers, jobs)
                assert found == {job: evaluators.plain(job) for job in jobs}

    def test_failing_students_are_results(self, make_workers):
        with make_workers(evaluators.erring) as workers:
            found = {job.birth: result for job, result in results(workers, JOBS).items()}
        assert found[0] == evaluators.plain(JOBS[0])
        assert found[1] == Failure("non_finite", "the loss is nan")
        assert found[2] == Failure("oom", "MemoryError: all of it")
        assert found[3] == Failure("oom", "OutOfMemoryError: CUDA out of memory. Tried to allocate")
        assert found[4] == Failure("exception", "KeyError: 'weights'")
        assert found[5] == Failure("timeout", "60 s")

    def test_what_the_user_has_to_mend_ends_the_run(self, make_workers):
        with make_workers(evaluators.user_error) as workers:
            with pytest.raises(UserError, match="no such column 'label'"):
                list(finished(workers, JOBS))
            again = results(workers, JOBS[4:])  # a stopped pool starts anew
        assert len(again) == 2

    def test_a_run_can_be_left_early(self, make_workers):
        with make_workers(evaluators.plain) as workers:
            run = finished(workers, JOBS)
            next(run)
            run.close()
            assert len(results(workers, JOBS[:2])) == 2


def test_what_is_known_is_not_evaluated_again():
    known = {job.birth: evaluators.plain(job) for job in JOBS[:3]}
    asked = []

    def evaluate(job: Job) -> Evaluation:
        asked.append(job)
        return evaluators.plain(job)

    def recall(job: Job) -> Evaluation | None:
        return known.get(job.birth)

    with Recalling(Inline(evaluate), recall) as workers:
        assert results(workers, JOBS) == {job: evaluators.plain(job) for job in JOBS}
        assert asked == JOBS[3:]
        results(workers, REPORTS[:1])
        assert asked == [*JOBS[3:], REPORTS[0]]  # a report is another measurement


def test_the_message_of_a_failure_is_one_line():
    def evaluate(job):
        raise RuntimeError("first line\n\n  second" + 1000 * " more")

    failure = guarded(evaluate, JOBS[0])
    assert isinstance(failure, Failure)
    assert failure.message.startswith("RuntimeError: first line second more")
    assert len(failure.message) <= 300


def test_a_full_disk_is_no_failure_of_a_student():
    def evaluate(job):
        Path("/dev/full").write_text("weights")

    with pytest.raises(UserError, match=r"No space left on device.*--resume"):
        guarded(evaluate, JOBS[0])


def test_an_interrupt_is_no_failure():
    def evaluate(job):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        guarded(evaluate, JOBS[0])


def runs_of(folder: Path, birth: int) -> int:
    return len(list(folder.glob(f"birth-{birth}-*")))


def dying(folder: Path, jobs: int, *, always: tuple[int, ...], once: tuple[int, ...] = ()):
    evaluate = partial(evaluators.dying, folder, always, once)
    counted = partial(evaluators.counting, folder, evaluate)
    return Processes(partial(evaluators.make, counted), jobs)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_student_that_kills_its_process_fails_and_the_others_do_not(jobs, tmp_path):
    with dying(tmp_path, jobs, always=(1,), once=(4,)) as workers:
        found = results(workers, JOBS)
    assert found.pop(JOBS[1]) == Failure("killed", "its process died (SIGKILL)")
    assert found == {job: evaluators.plain(job) for job in JOBS if job.birth != 1}
    assert runs_of(tmp_path, 1) == 3
    assert runs_of(tmp_path, 4) == 2
    assert all(runs_of(tmp_path, birth) == 1 for birth in (0, 2, 3, 5))


def test_only_who_died_is_tried_again(tmp_path):
    with dying(tmp_path, 2, always=(0,)) as workers:
        done = {d.job.birth: d for d in finished(workers, JOBS)}
    assert {birth: d.attempts for birth, d in done.items()} == {0: 3} | dict.fromkeys(
        range(1, 6), 1
    )
    assert [runs_of(tmp_path, birth) for birth in range(6)] == [3, 1, 1, 1, 1, 1]
    assert all(d.worker and 0 < d.seconds < 10 for d in done.values())


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_fault_of_a_worker_is_a_typed_failure_and_the_others_go_on(jobs, tmp_path):
    jobs_of = [Job(birth, arch, seed=1) for birth, arch in enumerate(some_architectures(9))]
    make = partial(evaluators.make, partial(evaluators.faulty, tmp_path))
    with Processes(make, jobs, timeout=0.5) as workers:
        done = {d.job.birth: d for d in finished(workers, jobs_of)}
    assert [done[birth].result for birth in range(6)] == [
        Failure("killed", "its process died (exit status 3)"),
        Failure("killed", "its process died (SIGSEGV)"),
        Failure("timeout", "it took over 0.5 s"),
        Failure("exception", "the result cannot be sent: no way to send it"),
        Failure(
            "exception",
            "the result cannot be read: invalid literal for int() with base 10: 'no number'",
        ),
        Failure("oom", "MemoryError: all of it"),
    ]
    assert all(done[birth].result == evaluators.plain(jobs_of[birth]) for birth in (6, 7, 8))
    assert [done[birth].attempts for birth in range(9)] == [3, 3, 1, 1, 1, 2, 1, 1, 1]
    assert [runs_of(tmp_path, birth) for birth in range(9)] == [3, 3, 1, 1, 1, 2, 1, 1, 1]
    assert done[2].seconds == pytest.approx(0.5, abs=0.4)


def test_who_ran_out_of_memory_beside_others_is_tried_alone(tmp_path):
    make = partial(evaluators.make, partial(evaluators.exclusive, tmp_path))
    with Processes(make, 3) as workers:
        done = {d.job.birth: d for d in finished(workers, JOBS)}
    others = [int(file.read_text()) for file in sorted(tmp_path.glob("others-*"))]
    assert others[0] > 0
    assert others[1:] == [0]
    assert done[0].attempts == 2
    assert {d.job: d.result for d in done.values()} == {j: evaluators.plain(j) for j in JOBS}


def test_the_limit_of_time_leaves_out_the_start_of_a_process(tmp_path):
    make = partial(evaluators.make_slowly, 1.0)
    with Processes(make, 1, timeout=0.8) as workers:
        assert results(workers, JOBS[:2]) == {j: evaluators.plain(j) for j in JOBS[:2]}


def test_processes_that_die_before_they_are_ready_end_the_run():
    with (
        Processes(evaluators.make_dying, 2) as workers,
        pytest.raises(UserError, match=r"3 worker processes .* died .*exit status 9"),
    ):
        results(workers, JOBS)


def test_a_mistake_in_making_it_is_shown_with_its_traceback():
    with (
        Processes(evaluators.make_wrongly, 1) as workers,
        pytest.raises(RuntimeError, match=r"(?s)could not start.*make_wrongly.*ZeroDivisionError"),
    ):
        results(workers, JOBS)


def test_busy_and_idle_processes_are_counted(tmp_path):
    make = partial(evaluators.make_sleeping, tmp_path, 0.3)
    with Processes(make, 2) as workers:
        counts = [workers.busy]
        for job in JOBS[:3]:
            workers.submit(job)
            counts.append(workers.busy)
        for _ in range(3):
            workers.next()
            counts.append(workers.busy)
    assert workers.slots == 2
    assert counts == [0, 1, 2, 2, 2, 1, 0] or counts == [0, 1, 2, 2, 1, 1, 0]


def test_processes_are_divided_among_gpus(tmp_path):
    make = partial(evaluators.make, partial(evaluators.noting_gpu, tmp_path))
    with Processes(make, 4, gpus=(2, 5)) as workers:
        results(workers, JOBS)
    seen = [file.read_text() for file in tmp_path.glob("gpu-*")]
    assert sorted(seen) == ["2", "2", "5", "5"]


def test_workers_leave_interrupts_to_their_parent():
    with two_processes(evaluators.interrupted) as workers:
        assert results(workers, JOBS) == {job: evaluators.plain(job) for job in JOBS}


def test_a_process_that_dies_between_two_jobs_is_nobodys_fault(tmp_path):
    with Processes(partial(evaluators.make_counted, tmp_path), 1) as workers:
        results(workers, JOBS[:1])
        (process,) = {int(file.read_text()) for file in tmp_path.glob("birth-0-*")}
        os.kill(process, signal.SIGKILL)
        time.sleep(0.3)
        assert results(workers, JOBS[1:3]) == {j: evaluators.plain(j) for j in JOBS[1:3]}
    assert runs_of(tmp_path, 1) == runs_of(tmp_path, 2) == 1


def test_two_may_end_a_process_at_once(monkeypatch):
    def slow_close(pipe, close=Connection._close):
        time.sleep(0.2)
        close(pipe)

    child = Child(partial(evaluators.make, evaluators.plain))
    monkeypatch.setattr(Connection, "_close", slow_close)
    with ThreadPoolExecutor(2) as threads:
        for end in [threads.submit(child.kill) for _ in range(2)]:
            end.result()
    assert not child.alive


def test_each_process_makes_what_it_evaluates_with_once(tmp_path):
    with Processes(partial(evaluators.make_counted, tmp_path), 2) as workers:
        for _ in range(3):
            results(workers, JOBS)
    made = [file.name.split("-")[1] for file in tmp_path.glob("made-*")]
    pids = {file.read_text() for file in tmp_path.glob("birth-*")}
    assert sorted(made) == sorted(pids)
    assert 1 <= len(made) <= 2


def test_what_making_it_raises_ends_the_run():
    with (
        Processes(evaluators.make_nothing, 1) as workers,
        pytest.raises(UserError, match="no teacher"),
    ):
        list(finished(workers, JOBS))


def test_at_least_one_process():
    with pytest.raises(UserError, match="0 processes"):
        Processes(evaluators.make_nothing, 0)


def test_jobs_and_results_are_small_to_send():
    assert len(pickle.dumps(JOBS[0])) < 4000


DRIVER = """
import sys
sys.path[:0] = [{tests!r}, {folder!r}]
from functools import partial
from pathlib import Path
import evaluators
from kdnas.records import Job
from kdnas.space import PAPER_SPACE, simplest
from kdnas.workers import Processes, finished

if __name__ == "__main__":
    import slow_to_import
    jobs = [Job(birth, simplest(PAPER_SPACE), 0) for birth in range(4)]
    makes = {{
        "evaluate": partial(evaluators.make_sleeping, Path({folder!r}), 60.0),
        "import": slow_to_import.make,
    }}
    with Processes(makes[{busy!r}], 2) as workers:
        list(finished(workers, jobs))
"""

SLOW_TO_IMPORT = """
import os, sys, time
from pathlib import Path

if "--multiprocessing-fork" in sys.orig_argv:  # in a worker
    Path(__file__).with_name(f"pid-{os.getpid()}").touch()
    time.sleep(60)

def make():
    raise AssertionError
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended but was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("busy", ["evaluate", "import"])
def test_no_process_is_left_when_the_driver_is_gone(sent, busy, tmp_path):
    """Only the driver gets the signal; its workers evaluate, or import what they do it with."""
    script = tmp_path / "driver.py"
    (tmp_path / "slow_to_import.py").write_text(SLOW_TO_IMPORT)
    tests = str(Path(__file__).parent)
    script.write_text(DRIVER.format(tests=tests, folder=str(tmp_path), busy=busy))
    driver = subprocess.Popen([sys.executable, str(script)], stderr=subprocess.PIPE, text=True)
    assert wait_until(lambda: len(list(tmp_path.glob("pid-*"))) == 2)
    workers = [int(file.name.removeprefix("pid-")) for file in tmp_path.glob("pid-*")]
    assert all(alive(pid) for pid in workers)
    started = time.monotonic()
    driver.send_signal(sent)
    _, errors = driver.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert ("KeyboardInterrupt" in errors) == (sent == signal.SIGINT)
    assert wait_until(lambda: not any(alive(pid) for pid in workers), 10)

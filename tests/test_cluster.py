"""Workers on a Dask cluster: the contract of all workers, and workers that are lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import evaluators
import psutil
import pytest
import test_workers
from strategies import some_architectures

from kdnas.errors import UserError
from kdnas.records import Evaluate, Failure, Job
from kdnas.workers import finished, require_cluster
from kdnas.workers.cluster import Cluster

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")

JOBS = test_workers.JOBS


@pytest.fixture(scope="module")
def client():
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=":0") as local,
        distributed.Client(local) as connected,
    ):
        yield connected


@pytest.fixture
def make_workers(client):
    def made(evaluate: Evaluate) -> Cluster:
        return Cluster(client, partial(evaluators.make, evaluate))

    return made


class TestContract:
    """What all workers keep to."""

    test_every_job_has_its_result = test_workers.TestContract.test_every_job_has_its_result
    test_failing_students_are_results = test_workers.TestContract.test_failing_students_are_results
    test_a_run_can_be_left_early = test_workers.TestContract.test_a_run_can_be_left_early
    test_what_the_user_has_to_mend_ends_the_run = (
        test_workers.TestContract.test_what_the_user_has_to_mend_ends_the_run
    )


def test_every_fault_is_a_typed_failure_and_the_others_go_on(client, tmp_path):
    jobs = [Job(birth, arch, seed=1) for birth, arch in enumerate(some_architectures(9))]
    make = partial(evaluators.make, partial(evaluators.faulty, tmp_path))
    with Cluster(client, make, timeout=1.0) as workers:
        done = {d.job.birth: d for d in finished(workers, jobs)}
    kinds = [d.result.kind for _, d in sorted(done.items()) if isinstance(d.result, Failure)]
    assert kinds == ["killed", "killed", "timeout", "exception", "exception", "oom"]
    assert all(done[birth].result == evaluators.plain(jobs[birth]) for birth in (6, 7, 8))
    assert [done[birth].attempts for birth in range(9)] == [3, 3, 1, 1, 1, 2, 1, 1, 1]


def test_the_students_of_a_lost_worker_go_to_another(client, tmp_path):
    make = partial(evaluators.make_sleeping, tmp_path, 1.0)
    with Cluster(client, make) as workers:
        run = finished(workers, JOBS)
        done = [next(run)]
        lost = next(iter(client.run(os.getpid).values()))
        os.kill(lost, signal.SIGKILL)
        done += run
    assert {d.job: d.result for d in done} == {job: evaluators.plain(job) for job in JOBS}
    assert {d.attempts for d in done} == {1, 2}
    client.wait_for_workers(1, timeout=30)


def test_a_result_that_is_lost_with_its_worker_is_evaluated_again(client, tmp_path):
    """The worker is gone before anybody has asked it for what it has finished."""
    make = partial(evaluators.make_sleeping, tmp_path, 0.1)
    with Cluster(client, make) as workers:
        list(finished(workers, JOBS[:2]))  # both have started their processes
        run = finished(workers, JOBS)
        done = [next(run)]
        time.sleep(0.5)
        for pid in client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        done += run
    assert {d.job: d.result for d in done} == {job: evaluators.plain(job) for job in JOBS}
    assert {d.attempts for d in done} == {1, 2}
    client.wait_for_workers(1, timeout=30)


def test_what_making_it_raises_ends_the_run(client):
    with (
        Cluster(client, evaluators.make_nothing) as workers,
        pytest.raises(UserError, match="no teacher"),
    ):
        list(finished(workers, JOBS))


def test_only_the_child_loads_what_it_evaluates_with(client, tmp_path):
    """With torch in it, a Dask worker would take seconds to end."""
    with Cluster(client, evaluators.NotesWhereItIsUnpickled(tmp_path)) as workers:
        assert len(list(finished(workers, JOBS))) == len(JOBS)
    found = {int(file.name.rpartition("-")[2]) for file in tmp_path.glob("unpickled-*")}
    assert found
    assert not found & set(client.run(os.getpid).values())


DRIVER = """
import sys
from functools import partial
from pathlib import Path
from kdnas.config import Config
from kdnas.workers import finished, open_workers
sys.path.insert(0, {tests!r})
import evaluators
from test_workers import JOBS

folder = Path({folder!r})
make = partial(evaluators.make_sleeping, folder, {seconds})
try:
    with open_workers(Config(), folder, 2, "local", make) as workers:
        print("open", flush=True)
        for _ in finished(workers, JOBS):
            print("student", flush=True)
except KeyboardInterrupt:
    print("interrupted")
"""


@contextmanager
def local_driver(folder: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """A process with a local cluster whose students take so long, in a process group of its own."""
    tests = str(Path(__file__).parent)
    script = DRIVER.format(tests=tests, folder=str(folder), seconds=seconds)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, "-c", script], start_new_session=True, **pipes
    ) as driver:
        try:
            yield driver
        finally:
            driver.kill()  # a failed test does not wait for it


def test_a_local_cluster_ends_without_a_word(tmp_path):
    with local_driver(tmp_path, 0.0) as driver:
        said, errors = driver.communicate(timeout=200)
    assert (said, errors) == ("open\n" + "student\n" * len(JOBS), "")


@pytest.mark.parametrize("after", ["open", "child", "student"])
def test_an_interrupt_of_a_local_cluster_is_the_drivers_alone(after, tmp_path):
    """Ctrl-C reaches all processes, those too that have only just begun."""
    with local_driver(tmp_path, 1.0) as driver:
        if after == "child":
            assert test_workers.wait_until(lambda: has_grandchildren(driver.pid))
            time.sleep(0.1)
        else:
            assert any(line.strip() == after for line in driver.stdout)
        os.killpg(driver.pid, signal.SIGINT)
        said, errors = driver.communicate(timeout=200)
    assert errors == ""
    assert said.endswith("interrupted\n")
    assert driver.returncode == 0


def has_grandchildren(pid: int) -> bool:
    """Whether a Dask worker has started its child process."""
    return any(child.children() for child in psutil.Process(pid).children())


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=paths, stdout=quiet, stderr=quiet) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_scheduler_that_is_gone_is_one_line(tmp_path):
    """The error of the run, not the one of its end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    options = ("--host", "127.0.0.1", "--port", port, "--dashboard-address", "127.0.0.1:0")
    worker_options = ("--no-nanny", "--nthreads", "1", "--local-directory", str(tmp_path))
    make = partial(evaluators.make_sleeping, tmp_path, 1.0)
    with (
        program("scheduler", *options) as scheduler,
        program("worker", address, *worker_options, "--no-dashboard"),
        dask.config.set({"distributed.comm.timeouts.connect": "2s"}),
        distributed.Client(address, timeout=5) as client,
    ):
        client.wait_for_workers(1, timeout=20)

        def run_into_its_end() -> None:
            with Cluster(client, make) as workers:
                for _ in finished(workers, JOBS):
                    scheduler.kill()

        with pytest.raises(UserError, match="scheduler is gone; go on with --resume"):
            run_into_its_end()


@pytest.mark.parametrize("where", ["", "Local", "10.0.0.1:8786", "tcp://10.0.0.1", "tcp://:x"])
def test_what_names_no_cluster_is_refused_at_once(where):
    with pytest.raises(UserError, match="use local, slurm, or an address"):
        require_cluster(where)


@pytest.mark.parametrize("scheme", ["tcp", "tls"])
def test_clusters_by_their_names(scheme):
    with socket.create_server(("127.0.0.1", 0)) as server:
        for where in ("local", "slurm", f"{scheme}://127.0.0.1:{server.getsockname()[1]}"):
            require_cluster(where)


def test_an_address_where_nobody_listens_is_refused():
    with pytest.raises(UserError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        require_cluster("tcp://127.0.0.1:9")

"""The Slurm of the tests: runs jobs, queues what does not fit, cancels, leaves nothing behind."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm.cluster import slurm_cluster, slurm_environment, slurm_missing

MISSING = slurm_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=f"no Slurm: {MISSING}")


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with slurm_cluster(tmp_path_factory.mktemp("slurm"), cpus=2) as conf:
        yield conf


def ask(conf: Path, *command: str) -> str:
    return subprocess.run(
        command,
        env=slurm_environment(conf),
        cwd=conf.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    ).stdout.strip()


def states(conf: Path) -> dict[str, str]:
    """The short state of each job in the queue, by its id."""
    lines = ask(conf, "squeue", "--noheader", "--format=%A %t").splitlines()
    return dict(line.split() for line in lines)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "not within 10 s"
        time.sleep(0.1)


def runs(pid: str) -> bool:
    """Whether a process runs; the command of one that only awaits its parent's notice is empty."""
    command = Path("/proc", pid, "cmdline")
    return command.exists() and command.read_bytes() != b""


def test_srun_runs_on_the_node(conf):
    assert ask(conf, "srun", "-N1", "hostname") == os.uname().nodename


def test_jobs_queue_until_one_is_cancelled(conf):
    """Two processors hold two jobs; the third starts when scancel makes room."""
    submit = ("sbatch", "--parsable", "--ntasks=1", "--output=/dev/null", "--wrap=sleep 60")
    first, second, third = (ask(conf, *submit) for _ in range(3))
    wait_for(lambda: states(conf) == {first: "R", second: "R", third: "PD"})
    ask(conf, "scancel", first)
    wait_for(lambda: states(conf) == {second: "R", third: "R"})
    ask(conf, "scancel", second, third)
    wait_for(lambda: states(conf) == {})


def test_nothing_is_left_behind(tmp_path):
    """The end of the context ends the daemons, a job, and a process that the job has cut loose."""
    names = ("munge", "slurmctld", "slurmd", "step", "job", "loose")
    files = [tmp_path / f"{name}.pid" for name in names]
    script = "echo $PPID > step.pid; (setsid sleep 60 & echo $! > loose.pid)"
    script += "; echo $$ > job.pid; sleep 60"
    with slurm_cluster(tmp_path, cpus=1) as conf:
        ask(conf, "sbatch", "--parsable", "--output=/dev/null", f"--wrap={script}")
        wait_for(lambda: all(path.exists() and path.read_text() for path in files))
        pids = [path.read_text().strip() for path in files]
        assert [runs(pid) for pid in pids] == [True] * 6
    wait_for(lambda: not any(runs(pid) for pid in pids))


def test_a_cluster_that_cannot_start_says_why(tmp_path):
    """No node has less than one processor: slurmctld ends, and its log is in the message."""
    with pytest.raises(RuntimeError, match="fatal: "), slurm_cluster(tmp_path, cpus=-1):
        pytest.fail("it has started")

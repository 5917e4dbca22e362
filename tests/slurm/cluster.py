"""A real Slurm of one node on the loopback address, in a folder of its own, for as long as needed.

Nothing outside the folder is written and nothing of the machine's own Slurm or munge is used:
the ports, the key, the socket and the state are the cluster's own, and so is its user, which is
whoever runs the tests.
"""

import getpass
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "sinfo", "squeue", "srun")
START_LIMIT = 30.0  # seconds until the node must be idle
STOP_LIMIT = 15.0  # seconds for the jobs to go, and for each daemon
NODE = "tests"

CONF = """\
ClusterName={node}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
MpiDefault=none
# Containers let nobody make cgroups.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# Slurm gathers jobs for three seconds before it looks at them, and gives a cancelled one thirty.
SchedulerParameters=batch_sched_delay=0
KillWait=2
# The number of processors is the test's, not the machine's.
SlurmdParameters=config_overrides
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=tests Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


def slurm_missing() -> str | None:
    """Why no cluster can be started here, or None."""
    absent = [program for program in PROGRAMS if _find(program) is None]
    return f"{absent[0]} is not installed: run tests/slurm/install.sh" if absent else None


def slurm_environment(conf: Path) -> dict[str, str]:
    """This process's variables with those of another Slurm replaced by the one of ``conf``.

    Args:
        conf: What `slurm_cluster` yielded.
    """
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_")}
    return {**ours, "SLURM_CONF": str(conf)}


@contextmanager
def slurm_cluster(folder: Path, cpus: int) -> Iterator[Path]:
    """A running cluster of one node; its jobs and daemons end with the context.

    Args:
        folder: Everything the cluster writes; without blanks and short, since the path of a
            socket in it must have less than 108 characters.
        cpus: Processors that the node offers; those of the machine are not looked at.

    Yields:
        The path of slurm.conf, for the variable SLURM_CONF.

    Raises:
        RuntimeError: If a daemon ends or the node is not idle after 30 s, with the ends of the
            logs; and at the end, if a job can't be cancelled.
    """
    conf = _write_conf(folder, cpus)
    slurmctld = ["slurmctld", "-D", "-c", "-f", str(conf)]
    slurmd = ["slurmd", "-D", "-c", "-N", NODE, "-f", str(conf)]
    with ExitStack() as running:
        munged = running.enter_context(_daemon(folder, conf, _munged(folder)))
        _wait(folder, [munged], (folder / "munge.socket").exists)
        pair = [running.enter_context(_daemon(folder, conf, each)) for each in (slurmctld, slurmd)]
        _wait(folder, pair, lambda: _ask(conf, "sinfo", "-h", "-o", "%T") == "idle")
        running.callback(_kill_left, conf)
        running.callback(_cancel_all, conf)
        yield conf


def _find(program: str) -> str | None:
    """Where a program is; the daemons' folder is on nobody's path but root's."""
    return shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _write_conf(folder: Path, cpus: int) -> Path:
    for name in ("state", "spool"):
        (folder / name).mkdir(mode=0o755, parents=True)
    key = folder / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(secrets.token_bytes(128))
    conf = folder / "slurm.conf"
    conf.write_text(
        CONF.format(
            node=NODE,
            folder=folder,
            cpus=cpus,
            user=getpass.getuser(),
            host=socket.gethostname().split(".")[0],
            ports=_free_ports(2),
            memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20,
        )
    )
    return conf


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for taken in sockets:
            taken.bind(("127.0.0.1", 0))
        return [taken.getsockname()[1] for taken in sockets]


def _munged(folder: Path) -> list[str]:
    """The command of munged; forced, since it wants a folder that every user can enter."""
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
    options = [f"--{name}={folder}/munge.{ending}" for name, ending in files.items()]
    return ["munged", "--foreground", "--force", *options]


@contextmanager
def _daemon(folder: Path, conf: Path, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon in a session of its own, so that Ctrl-C reaches the tests and they stop it."""
    program = _find(command[0])
    assert program is not None, slurm_missing()
    with (folder / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=slurm_environment(conf),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(folder: Path, daemons: list[subprocess.Popen[bytes]], ready: Callable[[], bool]) -> None:
    end = time.monotonic() + START_LIMIT
    while not ready():
        if time.monotonic() > end or any(daemon.poll() is not None for daemon in daemons):
            outs = sorted(folder.glob("*.out"))
            tails = [f"{out.name}:\n{out.read_text(errors='replace')[-2000:]}" for out in outs]
            raise RuntimeError("Slurm did not start\n" + "\n".join(tails))
        time.sleep(0.1)


def _ask(conf: Path, *command: str) -> str:
    """What a command of Slurm prints; nothing where it fails, as before the daemons are up."""
    done = subprocess.run(
        command, env=slurm_environment(conf), capture_output=True, text=True, timeout=START_LIMIT
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _cancel_all(conf: Path) -> None:
    """End every job, since what slurmd has started would live on without it."""
    end = time.monotonic() + STOP_LIMIT
    while jobs := _ask(conf, "squeue", "-h", "-o", "%A").split():
        if time.monotonic() > end:
            raise RuntimeError(f"jobs {jobs} outlived scancel by {STOP_LIMIT:.0f} s")
        _ask(conf, "scancel", *jobs)
        time.sleep(0.2)


def _kill_left(conf: Path) -> None:
    """End what outlived its job: linuxproc loses a process whose shell dies before it."""
    for environ in Path("/proc").glob("[0-9]*/environ"):
        # Processes end while one looks, and those of other users can't be read.
        with suppress(OSError):
            variables = environ.read_bytes().split(b"\0")
            if f"SLURM_CONF={conf}".encode() in variables and any(
                variable.startswith(b"SLURM_JOB_ID=") for variable in variables
            ):
                os.kill(int(environ.parent.name), signal.SIGKILL)

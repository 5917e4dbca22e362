"""The way from what `--cluster` names to a connected Dask client."""

import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kdnas.config import SlurmSettings
from kdnas.errors import UserError
from kdnas.workers.interrupts import without_interrupts

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 30


def require_cluster(where: str) -> None:
    """Refuse at once what `connected` could never reach.

    Raises:
        UserError: It is no name of a cluster and no address, a package is missing, or nobody
            listens at the address.
    """
    if where not in ("local", "slurm") and not re.fullmatch(r"[a-z]+://.+:\d+", where):
        raise UserError(f"no cluster {where!r}: use local, slurm, or an address, tcp://host:port")
    for package in ("distributed", "dask_jobqueue"):
        if find_spec(package) is None:
            raise UserError(f"--cluster needs {package}: pip install 'kdnas[cluster]'")
    if where not in ("local", "slurm"):
        _require_answer(where)


def _require_answer(address: str) -> None:
    """Refuse an address where nobody listens; a run would find out after its teacher is trained."""
    place = urlsplit(address)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), CONNECT_SECONDS).close()
    except (OSError, ValueError) as error:  # a port may be out of range
        reason = getattr(error, "strerror", None) or error
        raise UserError(
            f"no Dask scheduler at {address} ({reason}): start one, or name another"
        ) from error


@contextmanager
def connected(where: str, jobs: int, slurm: SlurmSettings) -> "Iterator[Client]":
    """A client of a Dask cluster, which is ended with the context if it was started here.

    Args:
        where: `local` for processes of this machine, `slurm` for jobs of Slurm, or the address of
            a scheduler that runs, such as `tcp://10.0.0.1:8786`.
        jobs: Workers of `local`.
        slurm: What the jobs of `slurm` ask for.

    Raises:
        UserError: Nobody answers at the address, or Slurm is not at hand.
    """
    import dask
    from distributed import Client

    with ExitStack() as stack:
        # Workers start a child process per student, which a daemon may not.
        quick = {"distributed.worker.daemon": False, "distributed.deploy.lost-worker-timeout": "5s"}
        stack.enter_context(dask.config.set(quick))
        own = where in ("local", "slurm")
        target = stack.enter_context(_started(where, jobs, slurm)) if own else where
        try:
            client = Client(target, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise UserError(f"no Dask scheduler at {where}: {error}") from error
        stack.enter_context(client)
        if own:
            stack.callback(_hush, client)
        yield client


@contextmanager
def _started(where: str, jobs: int, slurm: SlurmSettings) -> Iterator[Any]:
    """A cluster whose processes leave interrupts to this one, which ends them."""
    with without_interrupts():
        cluster = _local(jobs) if where == "local" else _slurm(slurm)
    try:
        with cluster:
            yield cluster
    finally:
        logging.disable(logging.NOTSET)


def _hush(client: "Client") -> None:
    """Log nothing any more, here and in the workers: all are about to end, in any order."""
    logging.disable()
    with suppress(Exception):  # where the scheduler is gone nobody can be told
        client.run(logging.disable, on_error="ignore")


def _local(jobs: int) -> Any:
    from distributed import LocalCluster

    return LocalCluster(
        jobs,
        threads_per_worker=1,
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
    )


def _slurm(asked: SlurmSettings) -> Any:
    """A cluster whose jobs are kept at their number: cancelled ones are submitted again."""
    from dask_jobqueue.slurm import SLURMCluster

    directives = [f"--gres=gpu:{asked.gpus}"] if asked.gpus else []
    variables = {name: os.environ[name] for name in ("KDNAS_CACHE",) if name in os.environ}
    try:
        cluster = SLURMCluster(
            queue=asked.partition,
            account=asked.account,
            cores=1,
            processes=1,
            job_cpu=asked.cpus,
            memory=asked.memory,
            walltime=asked.time,
            interface=asked.interface,
            job_extra_directives=[*directives, *asked.directives],
            job_script_prologue=[
                "export DASK_DISTRIBUTED__WORKER__DAEMON=False",
                *(f"export {name}={value!r}" for name, value in variables.items()),
                *asked.prologue,
            ],
            python=f"exec {sys.executable}",  # the worker gets Slurm's signals itself
            nanny=False,
            log_directory=asked.logs,
            scheduler_options={"dashboard": False, "dashboard_address": ":0"},  # any free port
            worker_extra_args=["--no-dashboard"],
        )
        cluster.adapt(minimum_jobs=asked.workers, maximum_jobs=asked.workers, interval="5s")
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"Slurm cannot be used: {error}") from error
    return cluster

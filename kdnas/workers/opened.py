"""The workers that a command line asks for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kdnas.config import Config
from kdnas.records import Evaluate, JobT, ResultT
from kdnas.workers.cluster import Cluster
from kdnas.workers.connect import connected
from kdnas.workers.interface import Workers
from kdnas.workers.processes import Processes
from kdnas.workers.shared import with_shared_folders


@contextmanager
def open_workers(
    config: Config,
    run: Path,
    jobs: int,
    cluster: str | None,
    make_evaluate: Callable[[], Evaluate[JobT, ResultT]],
) -> Iterator[Workers[JobT, ResultT]]:
    """Processes of this machine, or a Dask cluster's workers.

    Args:
        config: The run's; its section `workers` has the time limit, `slurm` what jobs ask for.
        run: The run folder.
        jobs: Processes of this machine.
        cluster: `local`, `slurm` or a scheduler's address; None for processes without Dask.
        make_evaluate: Makes what evaluates; called once in every worker.

    Raises:
        UserError: The cluster cannot be reached.
    """
    limit = config.workers.timeout
    if cluster is None:
        with Processes(make_evaluate, jobs, limit, config.workers.gpus) as workers:
            yield workers
        return
    with (
        with_shared_folders(make_evaluate, run) as make_there,
        connected(cluster, jobs, config.slurm) as client,
        Cluster(client, make_there, limit) as crew,
    ):
        yield crew

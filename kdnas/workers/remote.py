"""What a Dask worker does: a student runs in its child process, so that the worker stays."""

import pickle
import socket
from functools import partial
from multiprocessing import current_process
from typing import Any

from kdnas.errors import UserError
from kdnas.records import Evaluate
from kdnas.workers.child import Child, WorkerLost


def attempt(make: bytes, timeout: float | None, job: Any) -> Any:
    """One attempt on this Dask worker, in its child process."""
    child = _child(make)
    try:
        return child.attempt(job, timeout)
    except WorkerLost as lost:
        raise UserError(f"a worker process on {socket.gethostname()} died ({lost})") from lost


def _child(make: bytes) -> Child:
    """The child process of this Dask worker, a new one where it is gone or of another run."""
    from distributed import get_worker

    if current_process().daemon:
        raise UserError(
            "this Dask worker may not have child processes: start it with --no-nanny, or set"
            " DASK_DISTRIBUTED__WORKER__DAEMON=False"
        )
    worker: Any = get_worker()
    made, child = getattr(worker, "kdnas_child", (b"", None))
    if made != make or child is None or not child.alive:
        stop_child(worker)
        child = Child(partial(_made, make))
        worker.kdnas_child = (make, child)
    found: Child = child
    return found


def _made(make: bytes) -> Evaluate[Any, Any]:
    """Unpickled in the child alone: the Dask worker needs no torch, and ends at once without it."""
    evaluate: Evaluate[Any, Any] = pickle.loads(make)()
    return evaluate


def stop_child(dask_worker: Any) -> None:
    """End the child process of a Dask worker; `Client.run` knows the argument by its name."""
    _, child = getattr(dask_worker, "kdnas_child", (b"", None))
    if child is not None:
        child.kill()
    dask_worker.kdnas_child = (b"", None)

"""Evaluations on the workers of a Dask cluster: other processes, other machines.

The driver gives each Dask worker one student at a time and does its own retries: the scheduler
would count a lost worker against every task that waits there.
"""

import pickle
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Generic, Self

from kdnas.errors import UserError
from kdnas.records import Evaluate, Failure, Finished, JobT, ResultT
from kdnas.workers.child import died
from kdnas.workers.remote import attempt, stop_child
from kdnas.workers.task import Task

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK = 1.0
"""Seconds between two looks at which workers there are."""

FETCH = 10.0
"""Seconds to wait for a result that a worker holds: a worker that is gone never sends it."""

PATIENCE = 600.0
"""Seconds without any worker after which a run gives up."""


@dataclass
class _Run(Generic[JobT, ResultT]):
    task: Task[JobT, ResultT]
    future: "Future[ResultT | Failure]"
    since: float


class Cluster(Generic[JobT, ResultT]):
    """`Workers` on a Dask cluster.

    Args:
        client: Connected to it.
        make_evaluate: Makes what evaluates, in each worker's child process; pickled.
        timeout: Seconds that a job may take; None for no limit.
    """

    def __init__(
        self,
        client: "Client",
        make_evaluate: Callable[[], Evaluate[JobT, ResultT]],
        timeout: float | None = None,
    ) -> None:
        self._client, self._timeout = client, timeout
        self._make = pickle.dumps(make_evaluate)
        self._waiting: deque[Task[JobT, ResultT]] = deque()
        self._running: dict[str, _Run[JobT, ResultT]] = {}
        self._ended: SimpleQueue[str] = SimpleQueue()
        self._there: set[str] = set()
        self._looked, self._seen_any = 0.0, time.monotonic()
        self._look()

    @property
    def slots(self) -> int:
        """Workers that are there."""
        self._look()
        return len(self._there)

    @property
    def busy(self) -> int:
        """Workers with a job."""
        return len(self._running)

    def submit(self, job: JobT) -> None:
        """Start a job, or let it wait for a worker."""
        self._waiting.append(Task(job))
        self._start()

    def next(self) -> Finished[JobT, ResultT]:
        """The next job that ends.

        Raises:
            UserError: There was no worker for too long, or an evaluation raised it.
        """
        while True:
            self._start()
            self._require_patience()
            try:
                address = self._ended.get(timeout=LOOK)
                result = self._take(address)
            except Empty:
                address, result = self._lost()
            done = result and self._done(address, result)
            if done:
                self._start()
                return done

    def cancel(self) -> None:
        """Give up what is outstanding; the child processes end with their job."""
        futures = [run.future for run in self._running.values()]
        self._waiting.clear()
        self._running.clear()
        if futures:
            self._client.cancel(futures)
            self._stop_children()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # where the scheduler is gone nobody can be told
            self.cancel()
            self._stop_children()

    def _stop_children(self) -> None:
        self._client.run(stop_child, on_error="ignore")

    def _look(self) -> None:
        """Ask which workers there are, not too often."""
        now = time.monotonic()
        if now - self._looked >= LOOK:
            self._looked = now
            # Where the scheduler is gone, nobody is there.
            self._there = set(self._client.scheduler_info(n_workers=-1).get("workers", ()))
        if self._there:
            self._seen_any = now

    def _require_patience(self) -> None:
        if time.monotonic() - self._seen_any > PATIENCE:
            raise UserError(
                f"no worker in {PATIENCE:.0f} s: see whether the cluster starts any, then go on"
                " with --resume"
            )

    def _start(self) -> None:
        """Give waiting tasks to free workers; who failed goes elsewhere if it can."""
        self._look()
        free = sorted(self._there - set(self._running))
        while self._waiting and free:
            task = self._waiting.popleft()
            address = next((a for a in free if a != task.tried_by), free[0])
            free.remove(address)
            self._give(task, address)

    def _give(self, task: Task[JobT, ResultT], address: str) -> None:
        future = self._client.submit(
            attempt, self._make, self._timeout, task.job, workers=[address], pure=False
        )
        self._running[address] = _Run(task, future, time.monotonic())
        future.add_done_callback(lambda _: self._ended.put(address))

    def _take(self, address: str) -> ResultT | Failure | None:
        """What a worker has come to; None where it was given up meanwhile."""
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        run = self._running.get(address)
        if run is None or not run.future.done():
            return None
        if address not in self._there:
            return self._gone(address)
        try:
            result: ResultT | Failure = run.future.result(timeout=FETCH)
        except UserError:
            raise
        except CancelledError as error:
            raise UserError("the Dask scheduler is gone; go on with --resume") from error
        except (TimeoutError, KilledWorker, CommClosedError):
            return self._gone(address)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise UserError(
                f"worker {address} cannot evaluate ({what}): is kdnas installed there?"
            ) from error
        return result

    def _lost(self) -> tuple[str, ResultT | Failure | None]:
        """A worker that is gone with its job, if there is one."""
        self._look()
        for address in sorted(set(self._running) - self._there):
            return address, self._gone(address)
        return "", None

    def _gone(self, address: str) -> Failure:
        """The result of a job whose worker is not there any more."""
        self._running[address].future.cancel()
        return died(f"its worker {address} is gone")

    def _done(self, address: str, result: ResultT | Failure) -> Finished[JobT, ResultT] | None:
        """Keep the result of an attempt, or have it tried again before all others."""
        run = self._running.pop(address)
        done = run.task.ended(result, time.monotonic() - run.since, address)
        if done is None:
            self._waiting.appendleft(run.task)
        return done

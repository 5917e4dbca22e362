"""How well does a search keep many workers busy, and what does its driver cost?

Simulated workers evaluate the toy problem over the paper's space; a student takes a log-normal time
(sigma 0.7, median one minute) of a simulated clock. For 8, 32 and 128 workers and both evolutionary
algorithms (population 100), in generations of 100 and asynchronously: `busy` is the share of the
workers' time that was spent on students, from the start until the first worker idles because the
budget (100 students a worker) is all given out. Target: 95 % asynchronously.

`driver` is the real time of the search per student: ask, record (a durable transaction each) and
tell; `median` and `mean` over the second half of a run with 1,000 workers, and how many students an
hour that allows. Target: 20 ms.

`--real` measures the quickstart instead: students an hour with 1 and 2 worker processes.

Run: python benchmarks/scaling.py [--workers 8 32 128] [--real]
"""

import argparse
import heapq
import math
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from kdnas.config import Config, load_config
from kdnas.loop import run_search
from kdnas.problems import describe_toy, toy_evaluate
from kdnas.records import Finished, Job
from kdnas.runs import FILE_NAME, Archive, Birth

SIGMA, POPULATION, STUDENTS_EACH = 0.7, 100, 100
DRIVEN_WORKERS, DRIVEN_STUDENTS = 1000, 4000


class Simulated:
    """Workers of a simulated clock.

    Attributes:
        now: Seconds on it.
        spans: When each student began and ended.
    """

    def __init__(self, slots: int, seed: int = 0) -> None:
        self.slots, self.now = slots, 0.0
        self.spans: list[tuple[float, float]] = []
        self._rng = np.random.default_rng(seed)
        self._running: list[tuple[float, int, Job]] = []
        self._waiting: list[Job] = []

    @property
    def busy(self) -> int:
        """Workers with a student."""
        return len(self._running)

    def submit(self, job: Job) -> None:
        """Start a student now, or when a worker is free."""
        self._waiting.append(job)
        self._start()

    def next(self) -> Finished:
        """Turn the clock on to the next end."""
        self.now, _, job = heapq.heappop(self._running)
        self._start()
        return Finished(job, toy_evaluate(job))

    def cancel(self) -> None:
        """Nothing runs really."""

    def _start(self) -> None:
        while self._waiting and len(self._running) < self.slots:
            job = self._waiting.pop(0)
            end = self.now + 60 * math.exp(self._rng.normal(0.0, SIGMA))
            self.spans.append((self.now, end))
            heapq.heappush(self._running, (end, job.birth, job))


def search(workers: Any, folder: Path, progress: Any = None, **values: Any) -> None:
    """One search over the paper's space."""
    config = Config.model_validate(
        {"search": {"population": POPULATION, "patience": 10**9, **values}}
    )

    def ignore(birth: Birth, done: Finished) -> None:
        """Nobody looks."""

    with Archive.create(folder / FILE_NAME, synchronous="FULL" if progress else "OFF") as archive:
        describe_toy(archive)
        run_search(
            config, archive, workers, floor=0.0, accept=lambda _: True, progress=progress or ignore
        )


def busy_share(workers: Simulated, budget: int) -> float:
    """Share of the workers' time spent on students until the first idles for good."""
    assert len(workers.spans) == budget
    last_begin = max(begin for begin, _ in workers.spans)
    window = min(end for _, end in workers.spans if end >= last_begin)
    spent = sum(min(end, window) - begin for begin, end in workers.spans if begin < window)
    return spent / (workers.slots * window)


def utilisation(counts: list[int]) -> Table:
    """The simulated part."""
    table = Table("algorithm", "workers", "generations of 100", "asynchronous", title="busy")
    for algorithm in ("tournament", "nsga2"):
        for slots in counts:
            shares = []
            for asynchronous in (False, True):
                workers, budget = Simulated(slots), STUDENTS_EACH * slots
                with tempfile.TemporaryDirectory() as folder:
                    search(
                        workers, Path(folder), algorithm=algorithm, evaluations=budget,
                        batch=POPULATION, asynchronous=asynchronous,
                    )  # fmt: skip
                shares.append(f"{busy_share(workers, budget):.1%}")
            table.add_row(algorithm, str(slots), *shares)
    return table


def driver() -> Table:
    """The real time of the search itself."""
    table = Table("algorithm", "median ms", "mean ms", "students an hour at most", title="driver")
    for algorithm in ("tournament", "nsga2"):
        ends: list[float] = []

        def note(birth: Birth, done: Finished, ends: list[float] = ends) -> None:
            ends.append(time.perf_counter())

        with tempfile.TemporaryDirectory() as folder:
            search(
                Simulated(DRIVEN_WORKERS), Path(folder), note, algorithm=algorithm,
                evaluations=DRIVEN_STUDENTS, asynchronous=True,
            )  # fmt: skip
        taken = np.diff(ends[DRIVEN_STUDENTS // 2 :]) * 1000
        mean = float(taken.mean())
        table.add_row(
            algorithm, f"{statistics.median(taken):.2f}", f"{mean:.2f}", f"{3.6e6 / mean:,.0f}"
        )
    return table


def real() -> Table:
    """The quickstart's students, with 1 and 2 processes."""
    from kdnas.evaluation import make_evaluator, prepare
    from kdnas.workers import Processes

    table = Table("processes", "students", "seconds", "students an hour", title="quickstart")
    config = load_config("quickstart")
    prepare(config)
    for count in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            make = partial(make_evaluator, (), config.model_dump(), Path(folder) / "students")
            ends: list[float] = []

            def note(birth: Birth, done: Finished, ends: list[float] = ends) -> None:
                ends.append(time.perf_counter())

            with Processes(make, count) as workers:
                values = config.search.model_dump() | {"evaluations": 12, "asynchronous": True}
                search(workers, Path(folder), note, **values)
        passed = ends[-1] - ends[count - 1]  # from when every process was ready
        table.add_row(
            str(count),
            str(len(ends)),
            f"{passed:.0f}",
            f"{3600 * (len(ends) - count) / passed:.0f}",
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Scaling of the search")
    parser.add_argument("--workers", type=int, nargs="+", default=[8, 32, 128])
    parser.add_argument("--real", action="store_true", help="the quickstart's students instead")
    options = parser.parse_args()
    console = Console(width=100)
    if options.real:
        console.print(real())
        return
    console.print(utilisation(options.workers))
    console.print(driver())


if __name__ == "__main__":
    main()

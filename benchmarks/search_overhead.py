"""What does the search itself cost per student, and does it stay that small over a long run?

A student takes minutes, so milliseconds are nothing; but a search whose every step goes through
all earlier ones would not stay at milliseconds. The toy problem over the paper's space (no
training: what is left is the search), 5,000 evaluations, population 100, batches of 8, on both
evolutionary algorithms. `total` is the wall time between two results, with everything in it.
`first` and `last` are its means over 500 evaluations; the first 500 start after the initial
population, which is sampled and not bred. Targets: a total within 10 ms per evaluation without
the fsync, and the last 500 within 1.2 times the first 500. What can grow is the tournament's ask:
its population has converged by then, so that most neighbours of a parent are known (2.5 draws a
child instead of 1.3).

Beside it, from the same run of this script: plain pymoo on a float problem with the same sizes
(what ask and tell cost at the least), and a bare write of 4 kB with fsync (what a durable
transaction costs at the least).

Run: python benchmarks/search_overhead.py
"""

import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.termination import NoTermination
from pymoo.problems import get_problem
from rich.console import Console
from rich.table import Table

from kdnas.algorithms import make_algorithm
from kdnas.config import Config
from kdnas.loop import run_search
from kdnas.problems import describe_toy, toy_evaluate
from kdnas.records import Finished
from kdnas.runs import Archive, Birth
from kdnas.workers import Inline

EVALUATIONS = 5000
DURABLE_EVALUATIONS = 300
POPULATION, BATCH, WINDOW = 100, 8, 500
COMMITS = ("ask", "finish", "tell")


class Timed:
    """Stands for `target` and adds up the seconds of its `methods`."""

    def __init__(self, target: Any, methods: tuple[str, ...]) -> None:
        self._target, self._methods = target, methods
        self.seconds: dict[str, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if name not in self._methods:
            return value

        def timed(*values: Any, **named: Any) -> Any:
            start = time.perf_counter()
            result = value(*values, **named)
            self.seconds[name] += time.perf_counter() - start
            return result

        return timed


class Run:
    """One search and its times.

    Attributes:
        ends: When each result was recorded, in seconds.
        algorithm, archive: Seconds by method.
    """

    def __init__(
        self, algorithm: str, evaluations: int, synchronous: Literal["FULL", "OFF"], folder: Path
    ) -> None:
        search = {
            "algorithm": algorithm,
            "evaluations": evaluations,
            "population": POPULATION,
            "batch": BATCH,
            "patience": 10 * evaluations,
        }
        config = Config.model_validate({"search": search})
        self.ends: list[float] = []
        made: list[Timed] = []

        def make(*values: Any) -> Any:
            made.append(Timed(make_algorithm(*values), ("ask", "tell")))
            return made[0]

        def progress(birth: Birth, done: Finished) -> None:
            self.ends.append(time.perf_counter())

        path = folder / f"{algorithm}-{synchronous}.sqlite"
        with (
            patch("kdnas.loop.run.make_algorithm", make),
            Archive.create(path, synchronous=synchronous) as opened,
        ):
            describe_toy(opened)
            archive: Any = Timed(opened, COMMITS)
            run_search(
                config, archive, Inline(toy_evaluate), floor=0.0,
                accept=lambda _: True, progress=progress,
            )  # fmt: skip
        self.algorithm, self.archive = made[0].seconds, archive.seconds

    def between(self, first: int, last: int) -> float:
        """Milliseconds per evaluation from result `first` to result `last`."""
        return 1000 * (self.ends[last] - self.ends[first]) / (last - first)


def ms_each(action: Callable[[], object], times: int) -> float:
    """Median milliseconds of `action`."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def bare_fsync(folder: Path) -> float:
    """Milliseconds of appending 4 kB to a file and of its fsync."""
    with (folder / "bare").open("wb", buffering=0) as file:

        def write() -> None:
            file.write(b"0" * 4096)
            os.fsync(file.fileno())

        return ms_each(write, 200)


def plain_pymoo() -> float:
    """Milliseconds per evaluation of pymoo's NSGA-II on ZDT1 (30 floats), evaluation included."""
    algorithm = NSGA2(pop_size=POPULATION, n_offsprings=BATCH)
    problem = get_problem("zdt1")
    algorithm.setup(problem, seed=0, termination=NoTermination())
    done, start = 0, time.perf_counter()
    while done < EVALUATIONS:
        individuals = algorithm.ask()
        algorithm.evaluator.eval(problem, individuals)
        algorithm.tell(infills=individuals)
        done += len(individuals)
    return 1000 * (time.perf_counter() - start) / done


def main() -> None:
    """Run both searches and print what they cost, in milliseconds per evaluation."""
    names = ("ask", "tell", "archive", "total", "first", "last", "last / first")
    table = Table("algorithm", *names, title="ms per evaluation, without fsync")
    durable = Table("commits", "ms per evaluation", title="with fsync")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("nsga2", "tournament"):
            run = Run(name, EVALUATIONS, "OFF", Path(folder))
            parts = [1000 * run.algorithm[part] / EVALUATIONS for part in ("ask", "tell")]
            commits = 1000 * sum(run.archive.values()) / EVALUATIONS
            bred, end = POPULATION - 1, EVALUATIONS - 1
            first, last = run.between(bred, bred + WINDOW), run.between(end - WINDOW, end)
            columns = (*parts, commits, run.between(bred, end), first, last, last / first)
            table.add_row(name, *(f"{value:.2f}" for value in columns))
        full = Run("nsga2", DURABLE_EVALUATIONS, "FULL", Path(folder))
        commits = 1000 * sum(full.archive.values()) / DURABLE_EVALUATIONS
        durable.add_row("archive, synchronous=FULL", f"{commits:.2f}")
        durable.add_row("bare write of 4 kB and fsync (one)", f"{bare_fsync(Path(folder)):.2f}")
    console = Console()
    console.print(table)
    console.print(durable)
    console.print(f"plain pymoo NSGA-II, float problem: {plain_pymoo():.2f} ms per evaluation")


if __name__ == "__main__":
    main()

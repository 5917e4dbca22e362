"""Does a search stay small and quick over 20,000 students?

The toy problem over the paper's space, evaluated in this process, asynchronously (one event per ask
and tell), for both evolutionary algorithms. `grown` is the resident memory after all students over
that after 2,000, `replay` the time that a resumed run takes to repeat all recorded steps, `front`
the time of `kdnas front` on the archive beyond that of `kdnas --help`. Targets: 30 MB, a minute, a
second. Linux only.

Run: python benchmarks/long_search.py [--students 20000]
"""

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kdnas.config import Config
from kdnas.loop import run_search
from kdnas.problems import describe_toy, toy_evaluate
from kdnas.records import Finished
from kdnas.runs import FILE_NAME, Archive, Birth
from kdnas.workers import Inline

EARLY = 2000


def resident_megabytes() -> float:
    """Memory that the process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def run(config: Config, archive: Archive) -> dict[int, float]:
    """The search; memory after `EARLY` students and at the end."""
    memory: dict[int, float] = {}

    def progress(birth: Birth, done: Finished) -> None:
        if birth.birth + 1 in (EARLY, config.search.evaluations):
            memory[birth.birth + 1] = resident_megabytes()

    workers = Inline(toy_evaluate)
    describe_toy(archive)
    run_search(config, archive, workers, floor=0.0, accept=lambda _: True, progress=progress)
    return memory


def seconds_of(*command: str) -> float:
    """The wall time of the command line."""
    start = time.perf_counter()
    program = "from kdnas.cli import main; main()"
    subprocess.run([sys.executable, "-c", program, *command], check=True, capture_output=True)
    return time.perf_counter() - start


def measure(algorithm: str, students: int, folder: Path) -> tuple[str, ...]:
    """A row of the table."""
    search = {
        "algorithm": algorithm,
        "evaluations": students,
        "asynchronous": True,
        "patience": 10**9,
    }
    config = Config.model_validate({"search": search})
    meta = {"config": config.model_dump(mode="json"), "floor": 0.0}
    with Archive.create(folder / FILE_NAME, synchronous="OFF", **meta) as archive:
        start = time.perf_counter()
        memory = run(config, archive)
        searched = time.perf_counter() - start
        start = time.perf_counter()
        run(config, archive)
        replayed = time.perf_counter() - start
    front = seconds_of("front", str(folder)) - seconds_of("--help")
    grown = memory[students] - memory[EARLY]
    return (
        algorithm,
        f"{searched:.0f} s",
        f"{memory[students]:.0f} MB",
        f"{grown:+.0f} MB",
        f"{replayed:.0f} s",
        f"{front:.2f} s",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="A long search")
    parser.add_argument("--students", type=int, default=20_000)
    options = parser.parse_args()
    table = Table("algorithm", "search", "memory", "grown", "replay", "front")
    for algorithm in ("tournament", "nsga2"):
        with tempfile.TemporaryDirectory() as folder:
            table.add_row(*measure(algorithm, options.students, Path(folder)))
    Console().print(table)


if __name__ == "__main__":
    main()

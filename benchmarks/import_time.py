"""How long does a user wait before kdnas does anything?

A command line that imports torch to print its help takes seconds. Each line below is the median
wall time of 15 fresh processes, after one that is not counted (it fills the file cache); the
bare interpreter is the floor that no program gets under. Targets: `import kdnas` within 0.3 s and
`kdnas --help` within 0.6 s.

Run: python benchmarks/import_time.py
"""

import statistics
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

RUNS = 15
COMMANDS = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "python -c 'import kdnas'": ([sys.executable, "-c", "import kdnas"], 0.3),
    "kdnas --help": (
        [sys.executable, "-c", "from kdnas.cli import main; main()", "--help"],
        0.6,
    ),
}
"""What is run, and the target in seconds."""


def wall_times(command: list[str], runs: int) -> list[float]:
    """Seconds that each of `runs` processes took, after one to warm up."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return times[1:]


def main() -> None:
    """Measure every command and print the table."""
    table = Table("command", "median s", "fastest s", "slowest s", "target s", "met")
    for name, (command, target) in COMMANDS.items():
        times = wall_times(command, RUNS)
        median = statistics.median(times)
        numbers = [f"{value:.3f}" for value in (median, min(times), max(times))]
        goal = ["", ""] if target is None else [str(target), "yes" if median <= target else "no"]
        table.add_row(name, *numbers, *goal)
    Console().print(table)


if __name__ == "__main__":
    main()

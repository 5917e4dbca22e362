"""Does a search lose or repeat anything when it is killed at any moment?

Toy searches (both evolutionary algorithms, in generations, two worker processes, students of 5 to
40 ms) are run by a process of their own, which is killed with SIGKILL at moments uniform in time,
workers left to notice it, and started again with what the archive holds, until it ends. Counted:

- `kills`: sessions that were ended that way;
- `lost`: students that had a result in the archive at a kill and have none, or another one, at the
  end;
- `repeated`: students evaluated by a worker after a session began whose archive had their result;
- `different`: searches whose final archive is not, row for row and event for event, that of the
  same search left alone (times and workers aside).

`--real` does the same with the quickstart's own students (`--kills` of them, minutes each).
Kills at every write instead of at random moments: `crash_writes.py`.

Run: python benchmarks/crash_test.py [--kills 200] [--real]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kdnas.config import Config, load_config
from kdnas.loop import run_search
from kdnas.problems import TOY_SPACE, describe_toy, toy_evaluate
from kdnas.records import Evaluate, Evaluation, Finished, Job, Report
from kdnas.runs import FILE_NAME, Archive, Birth
from kdnas.workers import Processes

TOY_BUDGET = 60
ALGORITHMS = ("tournament", "nsga2")
LOG = "evaluated.log"


def toy_config(algorithm: str, budget: int) -> Config:
    """A search of a few seconds."""
    search = {
        "algorithm": algorithm,
        "evaluations": budget,
        "population": 12,
        "batch": 6,
        "patience": 10**6,
    }
    return Config.model_validate({"space": TOY_SPACE, "search": search})


def logged(folder: Path, evaluate: Evaluate, job: Job) -> Evaluation | Report:
    """Evaluate, and note when that began."""
    with (folder / LOG).open("a") as log:
        log.write(f"{time.time()} {job.birth}\n")
    return evaluate(job)


def slow_toy(job: Job) -> Evaluation | Report:
    """The toy problem's, after some milliseconds that follow from the student."""
    time.sleep(random.Random(job.seed).uniform(0.005, 0.04))
    return toy_evaluate(job)


def make_toy(folder: Path) -> Evaluate:
    """What the toy's workers evaluate with."""
    return partial(logged, folder, slow_toy)


def make_real(folder: Path) -> Evaluate:
    """What the quickstart's workers evaluate with."""
    from kdnas.evaluation import make_evaluator

    return partial(
        logged,
        folder,
        make_evaluator((), load_config("quickstart").model_dump(), folder / "students"),
    )


def describe_real(archive: Archive) -> None:
    """Record the quickstart's texts and attack."""
    from kdnas.evaluation import prepare, record_preparation

    config = load_config("quickstart")
    record_preparation(archive, config, prepare(config), 0.6)


def session(folder: Path, name: str, budget: int) -> None:
    """One search from where its archive is, to its end or to a kill."""
    real = name == "real"
    config = load_config("quickstart") if real else toy_config(name, budget)
    floor = 0.6 if real else 0.0
    path = folder / FILE_NAME

    def ignore(birth: Birth, done: Finished) -> None:
        """Nobody looks."""

    make = partial(make_real if real else make_toy, folder)
    with (
        Archive.open(path) if path.exists() else Archive.create(path) as archive,
        Processes(make, 2) as workers,
    ):
        describe_real(archive) if real else describe_toy(archive)
        run_search(config, archive, workers, floor=floor, accept=lambda _: True, progress=ignore)


def start(
    folder: Path, name: str, budget: int = TOY_BUDGET, under: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """A session in a process of its own, which the command `under` may watch."""
    own = [sys.executable, __file__, "--session", str(folder), name, str(budget)]
    return subprocess.Popen([*under, *own])


def content(folder: Path) -> tuple[dict[int, Any], list[tuple[str, int]]]:
    """Finished students by birth without times, and the events; nothing without an archive."""
    try:
        with Archive.open(folder / FILE_NAME) as archive:
            rows = {r.birth: _timeless(r) for r in archive.rows() if r.status != "pending"}
            return rows, archive.events()
    except Exception:  # killed before there was a schema
        return {}, []


def _timeless(row: Any) -> Any:
    def still(of: Any) -> Any:
        zero = {"train_seconds": 0.0, "attack_seconds": 0.0}
        evaluation = of.evaluation and replace(of.evaluation, **zero)
        return replace(of, evaluation=evaluation, seconds=0.0, attempts=0)

    return replace(still(row), trials=tuple(map(still, row.trials)))


def evaluated_since(folder: Path, moment: float) -> set[int]:
    """Births whose evaluation began after `moment`."""
    try:
        lines = (folder / LOG).read_text().splitlines()
    except FileNotFoundError:
        return set()
    return {int(birth) for at, birth in map(str.split, lines) if float(at) > moment}


def torture(folder: Path, name: str, length: float, rng: random.Random) -> tuple[int, int, int]:
    """Run a search to its end through kills: their number, students lost, students repeated."""
    kills, repeated = 0, 0
    known: dict[int, Any] = {}
    while True:
        began = time.time()
        process = start(folder, name)
        try:
            process.wait(rng.uniform(0, length))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            time.sleep(0.3)  # workers notice that their parent is gone
        repeated += len(evaluated_since(folder, began) & set(known))
        known |= content(folder)[0]
        if process.returncode == 0:
            final = content(folder)[0]
            return kills, sum(final.get(b) != row for b, row in known.items()), repeated
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"a session ended with {process.returncode} in {folder}")


def main() -> None:
    """Torture searches until there were enough kills, and print a table."""
    parser = argparse.ArgumentParser(description="Searches that are killed")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--session", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.session:
        folder, name, budget = options.session
        session(Path(folder), name, int(budget))
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    rng = random.Random(options.seed)
    table = Table("search", "kills", "searches", "lost", "repeated", "different")
    bad = 0
    names = ("real",) if options.real else ALGORITHMS
    for name in names:
        bad += tortured(name, max(options.kills // len(names), 1), rng, table)
    Console().print(table)
    raise SystemExit(bad > 0)


def tortured(name: str, wanted: int, rng: random.Random, table: Table) -> int:
    """Searches of one kind until there were `wanted` kills; how much went wrong."""
    kills = searches = lost = repeated = different = 0
    with tempfile.TemporaryDirectory() as scratch:
        alone = Path(scratch) / "alone"
        alone.mkdir()
        began = time.perf_counter()
        start(alone, name).wait()
        length = time.perf_counter() - began
        expected = content(alone)
        while kills < wanted:
            folder = Path(scratch) / str(searches)
            folder.mkdir()
            found = torture(folder, name, length, rng)
            kills, lost, repeated = kills + found[0], lost + found[1], repeated + found[2]
            different += content(folder) != expected
            searches += 1
    table.add_row(name, str(kills), str(searches), str(lost), str(repeated), str(different))
    return lost + repeated + different


if __name__ == "__main__":
    main()

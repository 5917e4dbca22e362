"""Does a search lose or repeat anything when it is killed between any two of its writes?

An NSGA-II search of some toy students is killed before each of its writes into the archive's files
(strace stops the process there), so after each too, a new search for each write, and goes on from
there. The columns are those of `crash_test.py`.

Run: python benchmarks/crash_writes.py [--students 20]
"""

import argparse
import os
import signal
import tempfile
from itertools import count
from pathlib import Path

from crash_test import content, start
from rich.console import Console
from rich.progress import track
from rich.table import Table

NAME = "nsga2"


def killed_at_write(number: int, folder: Path, students: int) -> bool:
    """Whether a session got as far as its write `number`, where it ends."""
    only = "trace=pwrite64"
    kill = f"inject=pwrite64:signal=KILL:when={number}"
    strace = ["strace", "-qq", "-o", os.devnull, "-e", only, "-e", kill]
    code = start(folder, NAME, students, strace).wait()
    if code not in (0, -signal.SIGKILL):
        raise SystemExit(f"a session ended with {code} in {folder}")
    return code != 0


def main() -> None:
    """Kill a search at each of its writes, and print what went wrong."""
    parser = argparse.ArgumentParser(description="A search for each of its writes, killed there")
    parser.add_argument("--students", type=int, default=20)
    students = parser.parse_args().students
    lost = different = 0
    with tempfile.TemporaryDirectory() as scratch:
        folders = []
        for number in track(count(1), "killing"):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            if not killed_at_write(number, folder, students):
                break
            folders.append(folder)
        expected = content(folder)
        for killed in track(folders, "going on"):
            known = content(killed)[0]
            start(killed, NAME, students).wait()
            found = content(killed)
            lost += sum(found[0].get(birth) != row for birth, row in known.items())
            different += found != expected
    table = Table("search", "kills", "searches", "lost", "different")
    table.add_row(NAME, str(len(folders)), str(len(folders)), str(lost), str(different))
    Console().print(table)
    raise SystemExit(lost + different > 0)


if __name__ == "__main__":
    main()

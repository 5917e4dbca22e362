"""What does an attack cost on a student that always answers alike, against TextAttack?

Every score is a near tie there, so that all choices are settled in TextAttack's own batches. A
trained student's logits are scaled until nothing but their last digits tells the texts apart, and
all texts have the class that it always gives.

CPU seconds of TextAttack and of the engine in both modes with nothing stored, and whether the
outcomes are equal.

Run: python benchmarks/attack_constant.py --folder FOLDER [--sizes small] [--texts 15] [--threads 1]
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from attack_speed import same, stores_in
from rich.console import Console
from rich.table import Table
from trained_students import WIDTHS, Bench

from kdnas.attacks import Attacker, ModelVictim, load_resources
from kdnas.evaluation import attack_spec
from kdnas.records import Text, TextOutcome
from kdnas.training import exact_float32

SCALE = 1e-6


class Constant:
    """A victim whose every answer is the first class, as good as equally sure."""

    def __init__(self, victim: ModelVictim) -> None:
        self._victim = victim
        self.encode, self.swap_rows = victim.encode, victim.swap_rows
        self.deletion_rows = victim.deletion_rows

    def logits(self, rows: Sequence[Any]) -> np.ndarray:
        """The victim's logits, which hardly differ any more."""
        logits = SCALE * self._victim.logits(rows)
        logits[:, 0] += 0.3
        return logits.astype(np.float32)


def timed(attacker: Attacker, victim: Constant, texts: Sequence[Text]) -> tuple[Any, float]:
    """The outcomes and the CPU seconds that they took."""
    start = time.process_time()
    outcomes: list[TextOutcome] = attacker.attack(victim, texts, [0] * len(texts))
    return outcomes, time.process_time() - start


def main() -> None:
    """Attack and print a table; the exit status is 1 if an outcome differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="trained students are kept here")
    parser.add_argument("--sizes", nargs="+", choices=list(WIDTHS), default=["small"])
    parser.add_argument("--texts", type=int, default=15)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    exact_float32(options.threads)
    bench = Bench.of("rotten_tomatoes", options.folder)
    spec = replace(attack_spec(bench.config, bench.prepared.task), mode="exact")
    texts, resources = bench.prepared.task.search.head(options.texts).texts, load_resources(spec)
    table = Table("size", "mode", "TextAttack, s", "engine, s", "ratio", "settled", "equal")
    equal = True
    for size in options.sizes:
        victim = Constant(bench.victim(size, 1))
        timed(Attacker(spec, resources, "textattack"), victim, texts[:1])  # pays for start-up
        expected, theirs = timed(Attacker(spec, resources, "textattack"), victim, texts)
        for mode in ("lazy", "exact"):
            with tempfile.TemporaryDirectory() as folder, stores_in(folder):
                attacker = Attacker(replace(spec, mode=mode), resources)
                found, ours = timed(attacker, victim, texts)
            alike = same(found, expected, mode)
            equal &= alike
            share = f"{100 * attacker.tally.share:.0f} %"
            numbers = (f"{theirs:.1f}", f"{ours:.1f}", f"{theirs / ours:.2f}", share)
            table.add_row(size, mode, *numbers, str(alike))
    Console().print(table)
    raise SystemExit(not equal)


if __name__ == "__main__":
    main()

"""How fast is a distillation, against the tools that one would otherwise take?

The ways are those of `distill_ways.py`; they take turns on the same student, one epoch each. Two
kinds of students of each size:

- `drawn`: every repeat trains another one, as a search starts with (`random_edits` in the paper's
  space, with the repeats and the width of the size);
- `all layers`: one of all four layer types, heavier than most that are drawn.

`side by side` is how a search uses several threads: as many students at a time as there are
threads, each in a process of its own with one thread; its sentences are those of all of them.

Ratios are a way's time over that of kdnas with the same threads for the same student, medians over
the repeats. `GFLOP/s` are three times the forward pass's (`kdnas.space.count_flops`, real tokens
only, backward counted as two forward passes), `of peak` is their share of a 1024 x 1024 float32
product's, measured in the same run with the same threads. Targets: small 2 times the trainer and
1.5 times kdnas as it was (`plain with conv1d`), middle 1.4 times the trainer, large no slower.

Run: python benchmarks/distill_speed.py [--threads 1] [--sizes small middle] [--json out.json]
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from distill_ways import WAYS, Setting
from rich.console import Console
from rich.table import Table

from kdnas.space import PAPER_SPACE, Architecture, Node, Op, count_flops, random_edits
from kdnas.training import exact_float32

GRAPH = frozenset({(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (1, 5), (4, 5)})
SIDE_BY_SIDE = "kdnas side by side"


@dataclass(frozen=True)
class Size:
    """A class of students, and on how many texts one is timed.

    Not on fewer: Trainer sorts within a quarter of the texts at most, so that few texts pad much.
    """

    repeats: int
    width: int
    texts: int


SIZES = {"small": Size(3, 128, 1600), "middle": Size(5, 256, 960), "large": Size(8, 512, 480)}


def drawn(size: Size, repeat: int) -> Architecture:
    """A student that a search could start with."""
    space = replace(PAPER_SPACE, repeats=(size.repeats,), widths=(size.width,))
    return random_edits(space, np.random.default_rng(repeat)).architecture


def all_layers(size: Size, repeat: int) -> Architecture:
    """Convolution and attention side by side, then a separable convolution and a gated unit."""
    nodes = (
        Node(Op("conv", 3), size.width, activation="relu"),
        Node(Op("attention", 8), size.width),
        Node(Op("sepconv", 7), size.width, activation="swish"),
        Node(Op("glu"), size.width),
    )
    return Architecture(size.repeats, size.width, GRAPH, nodes)


KINDS: dict[str, Callable[[Size, int], Architecture]] = {"drawn": drawn, "all layers": all_layers}


def seconds_of(way: str, arch: Architecture, setting: Setting, seed: int) -> float:
    """How long one way trains a fresh student; what it prepares is not counted."""
    train = WAYS[way](setting.student(arch, seed), setting, seed)
    start = time.perf_counter()
    train()
    return time.perf_counter() - start


class SideBySide:
    """Processes that train one student each, all at a time."""

    def __init__(self, processes: int) -> None:
        self._count = processes
        self._pool = ProcessPoolExecutor(processes, get_context("spawn"), _set_up)

    def seconds_of(self, arch: Architecture, texts: int, seed: int) -> float:
        """The time that each of the students takes by its share of them all."""
        jobs = [self._pool.submit(_train, arch, texts, seed) for _ in range(self._count)]
        return 1 / sum(1 / job.result() for job in jobs)


_setting: Setting


def _set_up() -> None:
    global _setting
    exact_float32(1)
    _setting = Setting.of_quickstart()


def _train(arch: Architecture, texts: int, seed: int) -> float:
    return seconds_of("kdnas", arch, _setting.cut(texts, epochs=1), seed)


def peak_flops() -> float:
    """Most FLOP/s of a float32 product in ten tries."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    taken = []
    for _ in range(10):
        start = time.perf_counter()
        torch.mm(a, b)
        taken.append(time.perf_counter() - start)
    return 2 * 1024**3 / min(taken)


def measure(
    setting: Setting, size: Size, kind: str, repeats: int, beside: SideBySide | None
) -> dict[str, Any]:
    """Each way's seconds and share of the peak, for every repeat."""
    cut, short = setting.cut(size.texts, epochs=1), setting.cut(64, epochs=1)
    seconds: dict[str, list[float]] = {}
    work = []
    for repeat in range(repeats):
        arch = KINDS[kind](size, repeat)
        for way in WAYS:
            seconds_of(way, arch, short, repeat)  # warms up
            seconds.setdefault(way, []).append(seconds_of(way, arch, cut, repeat))
        if beside is not None:
            beside.seconds_of(arch, 64, repeat)
            taken = beside.seconds_of(arch, size.texts, repeat)
            seconds.setdefault(SIDE_BY_SIDE, []).append(taken)
        lengths = cut.texts.lengths
        flops = (count_flops(arch, setting.prepared.shape, int(length)) for length in lengths)
        work.append(3 * sum(flops))
    return {"texts": size.texts, "seconds": seconds, "flop": work, "peak": peak_flops()}


def table_of(results: list[dict[str, Any]]) -> Table:
    """One line per size, kind and way: medians over the repeats."""
    table = Table("students", "way", "sentences/s", "time / kdnas", "(each)", "GFLOP/s", "of peak")
    for result in results:
        base = result["seconds"]["kdnas"]
        for way, taken in result["seconds"].items():
            ratios = [other / own for other, own in zip(taken, base, strict=True)]
            flops = statistics.median(w / t for w, t in zip(result["flop"], taken, strict=True))
            table.add_row(
                f"{result['size']}, {result['kind']}",
                way,
                f"{statistics.median(result['texts'] / t for t in taken):.0f}",
                f"{statistics.median(ratios):.2f}",
                " ".join(f"{ratio:.2f}" for ratio in ratios),
                f"{flops / 1e9:.1f}",
                f"{flops / result['peak']:.0%}",
            )
        table.add_section()
    return table


def main() -> None:
    """Measure and print; `--json` keeps the single figures too."""
    parser = argparse.ArgumentParser(description="Speed of distillation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    if importlib.util.find_spec("accelerate") is None:
        raise SystemExit("transformers.Trainer needs accelerate: pip install accelerate")
    exact_float32(chosen.threads)
    setting = Setting.of_quickstart()
    beside = SideBySide(chosen.threads) if chosen.threads > 1 else None
    results = [
        {"size": size, "kind": kind, "threads": chosen.threads}
        | measure(setting, SIZES[size], kind, chosen.repeats, beside)
        for size in chosen.sizes
        for kind in chosen.kinds
    ]
    Console(width=120).print(table_of(results))
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()

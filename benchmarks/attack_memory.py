"""How much memory does an attack on many texts take beyond the model and the resources?

A small student, 2,000 texts, both modes, empty stores. Resident memory before (model, word vectors
and encoder loaded) and its peak during the attacks. Target: 2 GB between them. Linux only.

Run: python benchmarks/attack_memory.py --folder FOLDER [--texts 2000]
"""

import argparse
import os
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from trained_students import Bench

from kdnas.attacks import Attacker, load_resources
from kdnas.evaluation import attack_spec
from kdnas.training import exact_float32


def resident_megabytes() -> float:
    """Memory that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak_megabytes() -> float:
    """The most that it ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def main() -> None:
    """Attack and print a table; the exit status is 1 beyond 2 GB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    exact_float32(options.threads)
    bench = Bench.of("rotten_tomatoes", options.folder)
    victim, task = bench.victim("small", 1), bench.prepared.task
    texts = (*task.search.texts, *task.report.texts)[: options.texts]
    labels = (*task.search.labels, *task.report.labels)[: options.texts]
    spec = attack_spec(bench.config, task)
    resources = load_resources(spec)
    Attacker(spec, resources).attack(victim, texts[:20], labels[:20])
    before = resident_megabytes()
    table = Table("mode", "texts", "before, MB", "peak, MB", "difference, MB", "pairs kept")
    for mode in ("lazy", "exact"):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["KDNAS_CACHE"] = folder
            attacker = Attacker(replace(spec, mode=mode), resources)  # type: ignore[arg-type]
            attacker.attack(victim, texts, labels)
        kept = attacker.similarities.kept if attacker.similarities else 0
        peak = peak_megabytes()
        row = (mode, len(texts), f"{before:.0f}", f"{peak:.0f}", f"{peak - before:.0f}", kept)
        table.add_row(*map(str, row))
    Console().print(table)
    raise SystemExit(peak - before > 2000)


if __name__ == "__main__":
    main()

"""Does the lock-step engine come to TextAttack's outcome and perturbed text on every text?

Three trained students on a two-class and a five-class task, both specs, both modes: outcome,
perturbed text, prediction and words changed have to be equal, in exact mode the query count too.
TextAttack takes hours for it; what it found is kept in the folder, so that an interrupted run goes
on where it was and a later engine is compared with the same answers. `faster` is TextAttack's
processor time over the engine's, both with empty stores, where it attacked all texts in this run.

With `--resources textattack` both read the paper's resources: stand-ins in the files' own formats,
which are made in the folder (`paper_stand_ins`), but NLTK's own tagger where it is installed.

With `--rough` the offline encoder's twin in bfloat16 is asked first even where it does not pay,
with `--no-rough` never.

Run: python benchmarks/attack_equality.py --folder FOLDER [--texts 500] [--threads 1]
     [--resources textattack] [--students 3] [--rough]
"""

import argparse
import json
import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from attack_speed import stores_in
from paper_stand_ins import places, save_encoder, save_tagger, save_vectors
from rich.console import Console
from rich.table import Table
from trained_students import TASKS, Bench

from kdnas.attacks import Attacker, AttackResources, ModelVictim, load_resources
from kdnas.attacks.resources import MiniLM
from kdnas.attacks.resources.rough import bfloat16_twin
from kdnas.evaluation import attack_spec
from kdnas.paper_files import PAPER_FILES
from kdnas.records import AttackSpec, TextOutcome
from kdnas.tasks import Split
from kdnas.training import exact_float32

SEEDS = (1, 2, 3)
SPECS = ("rosearch", "textattack")
CHUNK = 25
"""Texts between two writes of TextAttack's outcomes."""


def reference(
    path: Path, victim: ModelVictim, spec: AttackSpec, split: Split
) -> tuple[list[TextOutcome], float]:
    """TextAttack's outcomes, from the file as far as it goes, and its time; 0 with such ones."""
    found = [TextOutcome(**row) for row in json.loads(path.read_text())] if path.exists() else []
    attacker, whole, seconds = None, not found, 0.0
    while len(found) < len(split):
        attacker = attacker or Attacker(spec, engine="textattack")
        part = slice(len(found), len(found) + CHUNK)
        start = time.process_time()
        more = attacker.attack(victim, split.texts[part], split.labels[part])
        seconds += time.process_time() - start
        found += [replace(outcome, index=len(found) + k) for k, outcome in enumerate(more)]
        path.write_text(json.dumps([asdict(outcome) for outcome in found]))
    return found[: len(split)], seconds if whole else 0.0


def resources_of(spec: AttackSpec, rough: bool | None) -> AttackResources:
    """Those of the spec, with or without the encoder's twin; by default where it pays."""
    found = load_resources(spec)
    if rough is None or not isinstance(found.encoder, MiniLM):
        return found
    return replace(found, rough=bfloat16_twin(found.encoder) if rough else None)


def differing(found: list[TextOutcome], expected: list[TextOutcome], mode: str) -> list[int]:
    """The texts on which two engines disagree."""
    if mode == "lazy":
        expected = [replace(outcome, queries=None) for outcome in expected]
    return [a.index for a, b in zip(found, expected, strict=True) if a != b]


def make_stand_ins(folder: Path) -> None:
    """Have the paper's resources in `folder`, and looked for there."""
    own_tagger = not PAPER_FILES["tagger"].problem()
    for variable, place in places(folder).items():
        if variable != "NLTK_DATA" or not own_tagger:
            os.environ[variable] = place
    makers = {
        "counter-fitted": lambda: save_vectors(20_000),
        "sentence-encoder": save_encoder,
        "tagger": save_tagger,
    }
    for name, make in makers.items():
        if PAPER_FILES[name].problem():
            make()


def timed(attacker: Attacker, victim: ModelVictim, split: Split) -> tuple[list[TextOutcome], float]:
    """The engine's outcomes and its time."""
    start = time.process_time()
    found = attacker.attack(victim, split.texts, split.labels)
    return found, time.process_time() - start


def main() -> None:
    """Compare and print a table; the exit status is 1 if any text differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--resources", choices=["offline", "textattack"], default="offline")
    parser.add_argument("--students", type=int, default=len(SEEDS))
    parser.add_argument("--rough", action=argparse.BooleanOptionalAction)
    options = parser.parse_args()
    exact_float32(options.threads)
    if options.resources == "textattack":
        make_stand_ins(options.folder / "paper")
    names = "task student spec mode texts flipped queries differ settled faster"
    table = Table(*names.split())
    differ = 0
    for task in options.tasks:
        bench = Bench.of(task, options.folder)
        split = bench.prepared.task.search.head(options.texts)
        own = attack_spec(bench.config, bench.prepared.task)
        own = replace(own, resources=options.resources)
        resources = resources_of(own, options.rough)
        for seed in SEEDS[: options.students]:
            victim = bench.victim("small", seed)
            for name in SPECS:
                settings = replace(own.settings, similarity=name)
                spec = replace(own, settings=settings, mode="exact")
                paper = "paper-" if options.resources == "textattack" else ""
                kept = bench.folder / f"reference-{paper}{name}-{seed}.json"
                expected, slow = reference(kept, victim, spec, split)
                flipped = sum(outcome.outcome == "succeeded" for outcome in expected)
                for mode in ("lazy", "exact"):
                    with TemporaryDirectory() as empty, stores_in(empty):
                        attacker = Attacker(replace(spec, mode=mode), resources)
                        found, quick = timed(attacker, victim, split)
                    wrong = differing(found, expected, mode)
                    differ += len(wrong)
                    share = f"{100 * attacker.tally.share:.2f} %"
                    queries = sum(outcome.queries or 0 for outcome in expected)
                    faster = f"{slow / quick:.1f}" if slow else ""
                    row = (task, seed, name, mode, len(split), flipped, queries, len(wrong), share,
                           faster)  # fmt: skip
                    table.add_row(*map(str, row))
                    print(*row, wrong[:10], flush=True)
    Console().print(table)
    raise SystemExit(differ > 0)


if __name__ == "__main__":
    main()

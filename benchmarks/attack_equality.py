"""Does the lock-step engine come to TextAttack's outcome and perturbed text on every text?

Three trained students on a two-class and a five-class task, both specs, both modes: outcome,
perturbed text, prediction and words changed have to be equal, in exact mode the query count too.
With `--rough` the encoder's twin in bfloat16 is asked first even where it does not pay, with
`--no-rough` never. TextAttack takes hours for it; what it found is kept in the folder, so that an
interrupted run goes on where it was and a later engine is compared with the same answers.

Run: python benchmarks/attack_equality.py --folder FOLDER [--texts 500] [--threads 1] [--rough]
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from trained_students import TASKS, Bench

from kdnas.attacks import Attacker, AttackResources, ModelVictim, load_resources
from kdnas.attacks.resources import MiniLM
from kdnas.attacks.resources.rough import bfloat16_twin
from kdnas.evaluation import attack_spec
from kdnas.records import AttackSpec, TextOutcome
from kdnas.tasks import Split
from kdnas.training import exact_float32

SEEDS = (1, 2, 3)
SPECS = ("rosearch", "textattack")
CHUNK = 25
"""Texts between two writes of TextAttack's outcomes."""


def reference(path: Path, victim: ModelVictim, spec: AttackSpec, split: Split) -> list[TextOutcome]:
    """TextAttack's outcomes, from the file as far as it goes."""
    found = [TextOutcome(**row) for row in json.loads(path.read_text())] if path.exists() else []
    attacker = None
    while len(found) < len(split):
        attacker = attacker or Attacker(spec, engine="textattack")
        part = slice(len(found), len(found) + CHUNK)
        more = attacker.attack(victim, split.texts[part], split.labels[part])
        found += [replace(outcome, index=len(found) + k) for k, outcome in enumerate(more)]
        path.write_text(json.dumps([asdict(outcome) for outcome in found]))
    return found[: len(split)]


def resources(spec: AttackSpec, rough: bool | None) -> AttackResources:
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


def main() -> None:
    """Compare and print a table; the exit status is 1 if any text differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--rough", action=argparse.BooleanOptionalAction)
    options = parser.parse_args()
    exact_float32(options.threads)
    table = Table("task", "student", "spec", "mode", "texts", "flipped", "differ", "settled")
    differ = 0
    for task in options.tasks:
        bench = Bench.of(task, options.folder)
        split = bench.prepared.task.search.head(options.texts)
        own = attack_spec(bench.config, bench.prepared.task)
        for seed in SEEDS:
            victim = bench.victim("small", seed)
            for name in SPECS:
                settings = replace(own.settings, similarity=name)
                spec = replace(own, settings=settings, mode="exact")
                kept = bench.folder / f"reference-{name}-{seed}.json"
                expected = reference(kept, victim, spec, split)
                flipped = sum(outcome.outcome == "succeeded" for outcome in expected)
                for mode in ("lazy", "exact"):
                    attacker = Attacker(replace(spec, mode=mode), resources(spec, options.rough))
                    found = attacker.attack(victim, split.texts, split.labels)
                    wrong = differing(found, expected, mode)
                    differ += len(wrong)
                    share = f"{100 * attacker.tally.share:.2f} %"
                    row = (task, seed, name, mode, len(split), flipped, len(wrong), share)
                    table.add_row(*map(str, row))
                    print(*row, wrong[:10], flush=True)
    Console().print(table)
    raise SystemExit(differ > 0)


if __name__ == "__main__":
    main()

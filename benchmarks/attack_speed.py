"""How much faster is the lock-step engine than TextAttack, with the same answers?

Trained students attack-tested one after the other, as in a search, on the first texts of the
quickstart's search split with offline resources. For each student but the first, which only fills
the stores, one run each, in changing order:

- `textattack`: TextAttack with a well-written wrapper (dynamic padding, inference mode);
- lazy and exact, `cold`: nothing stored, plans and similarities have to be made;
- lazy and exact, `warm`: with what the same mode stored for the students before.

Ratios are TextAttack's time over the engine's for the same student; the median over the students
is shown, all ratios with --json. `bare` is the time of the warm lazy attack over the forward passes
of the same rows, sorted by length and nothing else. `encoder` and `student` are their shares of the
time, `hits` the similarities found in the store, `settled` the choices recomputed in TextAttack's
own batches. `wrapper` is the time of TextAttack's own Hugging Face wrapper, which pads to the
longest text that the tokenizer allows, over that of the well-written one, on the first texts.
`equal` says whether all outcomes, perturbed texts and (exact) query counts are TextAttack's.
`accuracy` is the students': near 50 they have learned nothing, and say nothing about speed.

Targets, small students: lazy 5 cold and 12 warm, exact 3 cold and 8 warm, bare at most 2.

Run: python benchmarks/attack_speed.py --folder FOLDER [--sizes small ...] [--json]
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from trained_students import WIDTHS, Bench, Size

from kdnas.attacks import Attacker, AttackResources, ModelVictim, load_resources
from kdnas.attacks.resources import word_classes
from kdnas.attacks.resources.rough import Encode
from kdnas.evaluation import attack_spec
from kdnas.records import AttackSpec, TextOutcome
from kdnas.tasks import Split
from kdnas.training import exact_float32

SPECS = ("rosearch", "textattack")
WRAPPER_TEXTS = 12


class Watched:
    """A victim that keeps the rows it scored and the time that took."""

    def __init__(self, victim: ModelVictim) -> None:
        self._victim = victim
        self.encode, self.swap_rows = victim.encode, victim.swap_rows
        self.deletion_rows = victim.deletion_rows
        self.rows: list[Any] = []
        self.seconds = 0.0

    def logits(self, rows: Sequence[Any]) -> np.ndarray:
        """The victim's logits."""
        start = time.perf_counter()
        logits = self._victim.logits(rows)
        self.seconds += time.perf_counter() - start
        self.rows += rows
        return logits

    def bare_seconds(self) -> float:
        """The forward passes of all rows at once."""
        return seconds(lambda: self._victim.logits(self.rows))


class WatchedEncoder:
    """A sentence encoder that keeps the time that it and its rough twin took."""

    def __init__(self, resources: AttackResources) -> None:
        assert resources.encoder is not None
        self._encode: Encode = resources.encoder
        self.seconds, self._resources = 0.0, resources
        self.identity, self.metric = resources.encoder.identity, resources.encoder.metric

    @property
    def resources(self) -> AttackResources:
        """The resources with this encoder."""
        found = replace(self._resources, encoder=self)
        if found.rough is None:
            return found
        return replace(found, rough=replace(found.rough, encode=self._rough))

    def _rough(self, texts: Sequence[str]) -> np.ndarray:
        assert self._resources.rough is not None
        return self._timed(self._resources.rough.encode, texts)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The encoder's vectors."""
        return self._timed(self._encode, texts)

    def _timed(self, encode: Encode, texts: Sequence[str]) -> np.ndarray:
        start = time.perf_counter()
        vectors = encode(texts)
        self.seconds += time.perf_counter() - start
        return vectors


@dataclass
class Run:
    """One attack on one student."""

    outcomes: list[TextOutcome]
    seconds: float
    encoder: float
    student: float
    bare: float
    hits: float
    settled: float


def seconds(work: Callable[[], object]) -> float:
    """The wall time of `work`."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@contextmanager
def stores_in(folder: str) -> Iterator[None]:
    """Plans and similarities live in `folder`."""
    before = os.environ.get("KDNAS_CACHE")
    os.environ["KDNAS_CACHE"] = folder
    try:
        yield
    finally:
        os.environ.pop("KDNAS_CACHE")
        if before is not None:
            os.environ["KDNAS_CACHE"] = before


def run_engine(
    spec: AttackSpec, resources: AttackResources, victim: ModelVictim, split: Split, folder: str
) -> Run:
    """The lock-step engine in a new attacker, with the stores of `folder`."""
    encoder, watched = WatchedEncoder(resources), Watched(victim)
    word_classes.cache_clear()
    with stores_in(folder):
        start = time.perf_counter()
        attacker = Attacker(spec, encoder.resources)
        outcomes = attacker.attack(watched, split.texts, split.labels)
        took = time.perf_counter() - start
    found = attacker.similarities
    assert found is not None
    return Run(
        outcomes=outcomes,
        seconds=took,
        encoder=encoder.seconds / took,
        student=watched.seconds / took,
        bare=took / watched.bare_seconds() if spec.lazy else 0.0,
        hits=found.hits / max(found.hits + found.asked, 1),
        settled=attacker.tally.share,
    )


def run_textattack(
    spec: AttackSpec, resources: AttackResources, victim: Any, split: Split
) -> tuple[list[TextOutcome], float]:
    """TextAttack with the wrapper that pads to the longest text of a batch."""
    attacker = Attacker(spec, resources, engine="textattack")
    start = time.perf_counter()
    outcomes = attacker.attack(victim, split.texts, split.labels)
    return outcomes, time.perf_counter() - start


def wrapper_ratio(bench: Bench, size: Size, spec: AttackSpec, resources: AttackResources) -> float:
    """The time of TextAttack's own wrapper over that of the well-written one."""
    from kdnas.attacks.textattack.build import build_attack

    from textattack.models.wrappers import HuggingFaceModelWrapper  # isort: skip

    split, prepared = bench.prepared.task.search.head(WRAPPER_TEXTS), bench.prepared
    student = bench.student(size, 1)
    victim = bench.victim(size, 1)
    own = run_textattack(spec, resources, victim, split)[1]
    attack = build_attack(victim, spec, resources)
    attack.goal_function.model = HuggingFaceModelWrapper(student, prepared.tokenizer)
    pairs = list(zip(split.texts, split.labels, strict=True))
    return seconds(lambda: [attack.attack(*pair) for pair in pairs]) / own


def compare(bench: Bench, size: Size, name: str, texts: int, students: int) -> dict[str, Any]:
    """All runs of one size and spec."""
    own = attack_spec(bench.config, bench.prepared.task)
    settings = replace(own.settings, similarity=name)
    spec = replace(own, settings=settings, mode="exact")
    split, resources = bench.prepared.task.search.head(texts), load_resources(spec)
    run_textattack(spec, resources, bench.victim(size, 1), split.head(2))  # pays for start-up
    ratios: dict[str, list[float]] = {}
    last: dict[str, Run] = {}
    equal = True
    with tempfile.TemporaryDirectory() as stores:
        for seed in range(1, students + 1):
            victim = bench.victim(size, seed)
            kinds = [f"{mode} {state}" for mode in ("lazy", "exact") for state in ("cold", "warm")]
            expected, base = None, 0.0
            order = ["textattack", *kinds] if seed % 2 else [*kinds, "textattack"]
            for kind in order if seed > 1 else ["lazy warm", "exact warm"]:
                if kind == "textattack":
                    expected, base = run_textattack(spec, resources, victim, split)
                    right = sum(outcome.outcome != "skipped" for outcome in expected)
                    ratios.setdefault("accuracy", []).append(100 * right / texts)
                    continue
                mode, state = kind.split()
                folder = f"{stores}/{mode}" if state == "warm" else f"{stores}/{kind}-{seed}"
                last[kind] = run_engine(
                    replace(spec, mode=mode),  # type: ignore[arg-type]
                    resources,
                    victim,
                    split,
                    folder,
                )
            for kind in kinds if expected else []:
                ratios.setdefault(kind, []).append(base / last[kind].seconds)
                if kind == "lazy warm":
                    ratios.setdefault("bare", []).append(last[kind].bare)
                equal &= same(last[kind].outcomes, expected or [], kind)
    row = {kind: last[kind] for kind in ("lazy warm", "lazy cold")}
    return {
        "size": size, "spec": name, "texts": texts, "students": students - 1,
        "textattack_seconds_per_text": base / texts,
        **ratios,
        **{f"{part} {kind}": getattr(run, part) for kind, run in row.items()
           for part in ("encoder", "student", "hits", "settled")},
        "wrapper": wrapper_ratio(bench, size, spec, resources), "equal": equal,
    }  # fmt: skip


def same(found: list[TextOutcome], expected: list[TextOutcome], kind: str) -> bool:
    """Whether the engine came to TextAttack's outcomes."""
    if kind.startswith("lazy"):
        expected = [replace(outcome, queries=None) for outcome in expected]
    return found == expected


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table: medians over the students."""
    ratios = ("accuracy", "lazy cold", "lazy warm", "exact cold", "exact warm", "bare")
    shares = ("encoder lazy cold", "student lazy cold", "student lazy warm", "hits lazy warm",
              "settled lazy warm")  # fmt: skip
    table = Table("size", "spec", "s a text", *ratios, *shares, "wrapper", "equal")
    for row in rows:
        table.add_row(
            row["size"],
            row["spec"],
            f"{row['textattack_seconds_per_text']:.3f}",
            *(f"{statistics.median(row[name]):.1f}" for name in ratios),
            *(f"{100 * row[name]:.1f} %" for name in shares),
            f"{row['wrapper']:.1f}",
            str(row["equal"]),
        )
    Console(width=200).print(table)


def main() -> None:
    """Compare what is asked for and print a table, or everything as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="trained students are kept here")
    parser.add_argument("--sizes", nargs="+", choices=list(WIDTHS), default=list(WIDTHS))
    parser.add_argument("--specs", nargs="+", choices=SPECS, default=list(SPECS))
    parser.add_argument("--texts", type=int, default=150)
    parser.add_argument("--students", type=int, default=4, help="of each size, the first untimed")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    exact_float32(options.threads)
    bench = Bench.of("rotten_tomatoes", options.folder)
    rows = []
    for size in options.sizes:
        for name in options.specs:
            rows.append(compare(bench, size, name, options.texts, options.students))
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)


if __name__ == "__main__":
    main()

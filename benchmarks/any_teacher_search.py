"""Does a whole search go through with a teacher of any family, and does its teacher learn?

For each family of `any_models` a tiny random model with a tokenizer of its own kind is the teacher
of a whole run, in an empty cache: fine-tuned, probed, four students distilled and attacked with
DeepWordBug, the front measured on report-val. The texts are made of the words that the tokenizers
know, and a few of these words decide the class, so that a model that reads its texts rightly
learns it in seconds. Targets: every teacher far above 50 %, four students evaluated, none failed,
and a front.

Run: python benchmarks/any_teacher_search.py [--kinds gpt2 xlnet]
"""

import argparse
import csv
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
from any_models import KINDS, TEXTS, save_model
from rich.console import Console
from rich.table import Table

from kdnas.analysis import pareto_front
from kdnas.config import Config, load_config
from kdnas.metrics import metrics_of, points
from kdnas.pipeline import run_pipeline
from kdnas.records import Evaluate
from kdnas.runs import RunFolder, open_run
from kdnas.training import exact_float32
from kdnas.workers import Inline

OPINIONS = {
    "negative": ("dull", "mess", "sad", "bad", "slow", "grey", "pointless"),
    "positive": ("warm", "funny", "best", "truly", "joy", "good"),
}
LABELLED, STUDENTS = 1200, 4


def write_texts(path: Path) -> None:
    """Texts of random known words, two of which tell the class."""
    rng = np.random.default_rng(0)
    opinions = {word for words in OPINIONS.values() for word in words}
    others = sorted({word for text in TEXTS for word in text.lower().split()} - opinions)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for number in range(LABELLED):
            label = sorted(OPINIONS)[number % 2]
            words = [*rng.choice(others, rng.integers(4, 9)), *rng.choice(OPINIONS[label], 2)]
            rows.writerow([" ".join(rng.permutation(words)), label])


def config_of(teacher: Path, texts: Path) -> Config:
    """A whole run of seconds."""
    return load_config(
        overrides=[
            f'task.name="{texts}"',
            "task.search=100",
            "task.report=100",
            f'teacher.model="{teacher}"',
            "teacher.epochs=4",
            "teacher.learning_rate=1e-3",
            "space.repeats=[1,2]",
            "space.widths=[32]",
            "space.node_widths=[32]",
            "space.nodes=2",
            "student.max_length=48",
            "student.positions=64",
            "distill.epochs=2",
            "distill.learning_rate=2e-3",
            "attack.recipe=deepwordbug",
            "attack.texts=6",
            "attack.report_texts=4",
            "search.algorithm=nsga2",
            f"search.population={STUDENTS}",
            f"search.evaluations={STUDENTS}",
            "search.batch=2",
            "constraints.accuracy_floor=0",
        ]
    )


@contextmanager
def in_this_process(make: Callable[[], Evaluate]) -> Iterator[Inline]:
    """Workers without a process of their own."""
    yield Inline(make())


def search(kind: str, folder: Path) -> list[str]:
    """One whole run with a teacher of a family; a row of the table."""
    texts = folder / "texts.csv"
    write_texts(texts)
    config = config_of(save_model(kind, folder / "model"), texts)
    run, start = RunFolder(folder / "run"), time.perf_counter()
    with open_run(run, config, resume=False) as archive:
        run_pipeline(config, run, archive, in_this_process)
        seconds = time.perf_counter() - start
        rows = archive.rows()
        front = pareto_front(rows, metrics_of(config.search.objectives), 0.0)
        accuracy = points(archive.meta("teacher_accuracy"))
    return [
        kind,
        f"{accuracy:.1f}",
        str(sum(row.status == "ok" for row in rows)),
        str(sum(row.status == "failed" for row in rows)),
        str(sum(row.report is not None for row in front)),
        f"{seconds:.0f}",
    ]


def main() -> None:
    """Run every family and print the table."""
    parser = argparse.ArgumentParser(description="a search with a teacher of each family")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    options = parser.parse_args()
    exact_float32(1)
    table = Table("family", "teacher, %", "evaluated", "failed", "front", "seconds")
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as folder:
            cache = str(Path(folder) / "cache")
            with patch.dict(os.environ, KDNAS_CACHE=cache):
                row = search(kind, Path(folder))
        print(*row, sep="\t", flush=True)
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()

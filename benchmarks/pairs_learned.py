"""Does KD on pairs of texts come to more than the majority, or the mean?

Students that are the first layers of the teacher's start learn `bbc-pairs` (two classes) or
`bbc-similarity` (a number from 0 to 5) by KD, each with several seeds; texts are cut to 48 tokens.
What is printed is the score of each on search-val beside what takes no learning: the share of the
most frequent class; the root of the mean squared error of always the training texts' mean.

Run: python benchmarks/pairs_learned.py bbc-pairs [--seeds 5] [--layers 3] [--train 300]
     [--epochs 4]
"""

import argparse
import statistics
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from kdnas.config import Config, load_config
from kdnas.distillation import distill, recipe_of
from kdnas.evaluation import Prepared, prepare
from kdnas.metrics import score
from kdnas.records import Measurement
from kdnas.teachers import first_layers
from kdnas.training import (
    answers_of,
    choose_device,
    encode,
    exact_float32,
    logits_of,
    predict,
    quiet_libraries,
)


@dataclass(frozen=True)
class Size:
    """How much is learned from, and by how large a student."""

    layers: int
    train: int
    epochs: int


def prepared_for(task: str, size: Size) -> tuple[Config, Prepared]:
    """The settings, and the task with a teacher that has learned it."""
    config = load_config(
        overrides=[
            f"task.name={task}", f"task.train={size.train}", "task.search=200", "task.report=10",
            "distill.method=kd", f"distill.epochs={size.epochs}", "distill.learning_rate=1e-4",
            "teacher.epochs=3", "teacher.learning_rate=1e-4", "student.max_length=48",
            'search.objectives=["score", "parameters"]',
        ]
    )  # fmt: skip
    return config, prepare(config)


def learn(task: str, size: Size, seeds: int, say: Console) -> None:
    """Teach the students, and print a line for each and one for all."""
    config, prepared = prepared_for(task, size)
    own, device = prepared.task, choose_device()
    truth = np.array(own.search.labels, dtype=float)
    texts = encode(prepared.tokenizer, own.search.texts, config.student.max_length)
    say.print(f"{task}: teacher {100 * prepared.teacher_accuracy:.1f}")
    scores, errors = [], []
    for seed in range(seeds):
        student = first_layers(config.teacher.model, own.label_names, size.layers, seed, device)
        recipe = recipe_of(config.distill)
        distill(student, prepared.lesson, recipe, seed, goes_on=True)
        answers = answers_of(predict(logits_of(student), texts, device))
        found = Measurement.of(
            np.array(own.search.labels), answers, len(own.label_names), metric=own.metric
        )
        scores.append(100 * score(found))
        errors.append(float(np.sqrt(np.mean((answers - truth) ** 2))))
        say.print(f"{task} seed {seed}: {own.metric} {scores[-1]:.1f}, error {errors[-1]:.3f}")
    idle = np.sqrt(np.mean((truth - np.mean(own.train.labels)) ** 2))
    spread, least = statistics.stdev(scores), min(scores)
    majority = 100 * prepared.majority_share
    say.print(
        f"{task}: students {statistics.mean(scores):.1f} ± {spread:.1f} (least {least:.1f});"
        f" without learning {majority:.1f}; error {statistics.mean(errors):.3f}, of the mean"
        f" {idle:.3f}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="KD on pairs beside no learning")
    parser.add_argument("task", choices=("bbc-pairs", "bbc-similarity"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    exact_float32(1)
    quiet_libraries()
    size = Size(given.layers, given.train, given.epochs)
    learn(given.task, size, given.seeds, Console(width=100))


if __name__ == "__main__":
    main()

"""What are texts without labels worth to a teacher?

Teachers of rotten_tomatoes are told the labels of some of their training texts only: one is
fine-tuned on these, the other is a GAN-BERT that reads all texts (Croce 2020). Both begin alike
and take the same steps on labelled texts, for each seed. What is printed is their accuracy on
search-val, in percent, and the mean difference with its standard error over the seeds.

Run: python benchmarks/labels_worth.py [--shares .05 .2 .5 .7] [--seeds 3] [--train 1000]
     [--epochs 4]
"""

import argparse
import statistics

from rich.console import Console
from rich.table import Table

from kdnas.config import load_config
from kdnas.evaluation import prepare
from kdnas.training import exact_float32

METHODS = ("finetune", "gan-bert")


def accuracy(method: str, share: float, seed: int, train: int, epochs: int) -> float:
    """The accuracy of one teacher on search-val, in percent."""
    config = load_config(
        overrides=[
            "task.name=rotten_tomatoes", f"task.train={train}", "task.search=1000",
            "task.report=10", f"teacher.method={method}", f"teacher.label_share={share}",
            f"teacher.epochs={epochs}", f"teacher.seed={seed}", "teacher.learning_rate=1e-4",
            "student.max_length=48",
        ]
    )  # fmt: skip
    return 100 * prepare(config).teacher_accuracy


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="GAN-BERT beside fine-tuning, few labels")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.2, 0.5, 0.7])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    exact_float32(1)
    table = Table("labels", *METHODS, "difference", "error of it")
    for share in given.shares:
        found = [
            [accuracy(method, share, seed, given.train, given.epochs) for method in METHODS]
            for seed in range(given.seeds)
        ]
        apart = [adversarial - plain for plain, adversarial in found]
        means = (f"{statistics.mean(column):.1f}" for column in zip(*found, strict=True))
        error = statistics.stdev(apart) / given.seeds**0.5
        labels = f"{round(share * given.train)} of {given.train}"
        table.add_row(labels, *means, f"{statistics.mean(apart):+.1f}", f"{error:.1f}")
        print(labels, found, flush=True)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

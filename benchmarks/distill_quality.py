"""Does the fast distillation train students that are as good as the plain one's?

Students of one architecture with all four layer types (W = 128, R = 3) are trained to the end by
kdnas, `transformers.Trainer` and the loop that kdnas once had (see `distill_ways.py`), once per
seed: the loss of the finished student on the training texts (its own two terms, without dropout)
and its accuracy on search-val, mean and standard deviation over the seeds.

Run: python benchmarks/distill_quality.py [--seeds 5] [--texts 1000] [--threads 1]
"""

import argparse
import statistics
from typing import Any

import numpy as np
import torch
from distill_speed import SIZES, all_layers
from distill_ways import CPU, WAYS, Setting
from rich.console import Console
from rich.table import Table

from kdnas.distillation import kd_loss, logit_loss
from kdnas.training import encode, exact_float32, logits_of, predict

COMPARED = ("kdnas", "trainer", "plain with conv1d")


def finished(student: Any, setting: Setting) -> tuple[float, float]:
    """The student's own terms of the loss on the training texts, and its accuracy (%)."""
    student.eval()
    prepared, s = setting.prepared, setting.settings.table("rosearch")
    logits = torch.from_numpy(predict(logits_of(student), setting.texts, CPU))
    teacher = torch.from_numpy(setting.signals["logits"][: len(logits)])
    kd = kd_loss(logits, teacher, s.temperature)
    loss = s.kd_weight * kd + s.logit_weight * logit_loss(logits, teacher)
    search = encode(prepared.tokenizer, prepared.task.search.texts, prepared.teacher.max_length)
    right = predict(logits_of(student), search, CPU).argmax(1) == np.array(
        prepared.task.search.labels
    )
    return float(loss), 100 * float(right.mean())


def main() -> None:
    """Train, compare and print."""
    parser = argparse.ArgumentParser(description="Quality of distillation")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    exact_float32(chosen.threads)
    whole = Setting.of_quickstart()
    setting, arch = whole.cut(chosen.texts, whole.settings.epochs), all_layers(SIZES["small"], 0)
    table = Table("way", "loss", "accuracy (%)", "of each seed")
    for way in COMPARED:
        found = []
        for seed in range(chosen.seeds):
            student = setting.student(arch, seed)
            WAYS[way](student, setting, seed)()
            found.append(finished(student, setting))
        loss, accuracy = zip(*found, strict=True)
        table.add_row(
            way,
            f"{statistics.mean(loss):.4f} ± {statistics.stdev(loss):.4f}",
            f"{statistics.mean(accuracy):.2f} ± {statistics.stdev(accuracy):.2f}",
            " ".join(f"{value:.1f}" for value in accuracy),
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()

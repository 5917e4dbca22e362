"""What does MiniMax-kNN's choice save against learning from all neighbours?

One student after the other is taught KD, MiniMax-kNN with 1, 2 and 4 of 8 neighbours, and with all
8 (naive: nothing is chosen), on the lesson of `method_cost.py`. All of them in every round; the
figures are processor seconds of one thread over those of naive in the same round, medians over the
rounds.

Run: PYTHONPATH=benchmarks python benchmarks/minimax_cost.py [--rounds 5]
"""

import argparse
import statistics
import time

from method_cost import EACH, STUDENTS, a_lesson

from kdnas.config import DistillSettings
from kdnas.distillation import Lesson, distill, recipe_of
from kdnas.training import exact_float32

PICKED = (0, 1, 2, 4, EACH)
"""Neighbours that are learned from; 0 is KD, all is naive."""


def seconds_of(picked: int, student: str, lesson: Lesson) -> float:
    """Processor seconds of a training, the making of its student left out."""
    values = {"epochs": 1, "learning_rate": 1e-4, "batch_size": 16}
    own = {"minimax-knn": {"picked": picked, "each": EACH}}
    settings = DistillSettings.model_validate(values | own)
    made = STUDENTS[student](0)
    start = time.process_time()
    distill(made, lesson, recipe_of(settings, "minimax-knn"), 0)
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of MiniMax-kNN beside all neighbours")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    exact_float32(1)
    lesson = a_lesson()
    for student in STUDENTS:
        seconds_of(0, student, lesson)  # warms up
        taken = [{k: seconds_of(k, student, lesson) for k in PICKED} for _ in range(rounds)]
        for k in PICKED:
            ratio = statistics.median(each[k] / each[EACH] for each in taken)
            print(f"{student}: {k} of {EACH} picked, {ratio:.2f} of naive", flush=True)


if __name__ == "__main__":
    main()

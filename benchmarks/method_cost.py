"""What does each method of distillation cost beside KD, on one student?

Every method trains the same student on the same texts with signals of a teacher of 6 layers and 384
features, one after the other and all of them in every round; random signals cost what real ones do.
The figures are processor seconds of one thread over those of KD in the same round, medians over the
rounds, for a student of the search space and for a transformer of 3 layers. What is made once for
all students is left out: signals, assistants, attacked texts. Generations of the student are in.

Run: python benchmarks/method_cost.py [--rounds 5]
"""

import argparse
import statistics
import time
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification

from kdnas.config import DistillSettings
from kdnas.distillation import FurtherTexts, Lesson, Rewriter, chain_of, recipe_of, teach
from kdnas.methods import METHODS
from kdnas.space import PAPER_SPACE, NetworkShape, random_edits
from kdnas.students import Blueprint, build
from kdnas.training import EncodedTexts, exact_float32

TEXTS, LENGTH, LAYERS, WIDTH, VOCABULARY, EACH = 96, 32, 6, 384, 30522, 8


def a_lesson() -> Lesson:
    """Random texts of 8 to 32 tokens with random signals, each attacked too, eight beside it."""
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 3000, (TEXTS, LENGTH)).astype(np.int32)
    texts = EncodedTexts(ids, rng.integers(8, LENGTH + 1, TEXTS))
    shapes = {
        "logits": (2,),
        "probe_logits": (LAYERS + 1, 2),
        "states": (LAYERS + 1, WIDTH),
        "team_logits": (4, 2),
    }
    signals = {
        kind: rng.normal(size=(TEXTS, *shape)).astype(np.float32) for kind, shape in shapes.items()
    }
    labels, index = rng.integers(0, 2, TEXTS).tolist(), np.repeat(np.arange(TEXTS), EACH)
    beside = EncodedTexts(ids[index], texts.lengths[index])
    answers = rng.normal(size=(TEXTS, EACH, 2)).astype(np.float32)
    further, teacher = FurtherTexts(beside, answers), transformer(0, layers=LAYERS).eval()
    model = masked_language_model()
    load = partial(copied, model)
    rewriter = Rewriter(load, mask=103, special=(101, 102), tokens=VOCABULARY)
    lesson = Lesson(texts, labels, signals, lambda device: teacher, attacked=texts)
    return replace(lesson, further=further, rewriter=rewriter)


def of_the_space(seed: int) -> Any:
    """Five blocks of 256 features, as a search may draw them."""
    space = replace(PAPER_SPACE, repeats=(5,), widths=(256,))
    arch = random_edits(space, np.random.default_rng(1)).architecture.canonical()
    shape = NetworkShape(VOCABULARY, classes=2, positions=128)
    return build(arch.to_json(), Blueprint(shape, ("a", "b"), 128, 0.1, torch.device("cpu")), seed)


def transformer(seed: int, layers: int = 3) -> Any:
    """Layers as wide as the teacher's."""
    torch.manual_seed(seed)
    return BertForSequenceClassification(_config(layers))


def masked_language_model() -> Any:
    """One as large as the teacher."""
    return BertForMaskedLM(_config(LAYERS))


def copied(model: Any, device: torch.device) -> Any:
    """The model as it was, which costs less than making one."""
    return deepcopy(model).to(device)


def _config(layers: int) -> BertConfig:
    return BertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=4 * WIDTH,
    )


STUDENTS = {"of the space": of_the_space, "transformer": transformer}


def seconds_of(name: str, student: str, lesson: Lesson) -> float:
    """Processor seconds of one method's training, the making of its student left out."""
    settings = DistillSettings(epochs=2, learning_rate=1e-4, batch_size=16)
    made = [STUDENTS[student](seed) for seed in range(chain_of(settings, name).trainings)]
    start = time.process_time()
    teach(lambda seed: made.pop(), lesson, recipe_of(settings, name), 0, chain_of(settings, name))
    return time.process_time() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Cost of the methods beside KD")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    exact_float32(1)
    lesson, names = a_lesson(), [name for name in METHODS if name != "adversarial"]
    table = Table("method", *STUDENTS)
    costs: dict[str, list[str]] = {name: [] for name in names}
    for student in STUDENTS:
        seconds_of("kd", student, lesson)  # warms up
        taken = [{name: seconds_of(name, student, lesson) for name in names} for _ in range(rounds)]
        for name in names:
            ratios = [each[name] / each["kd"] for each in taken]
            costs[name].append(f"{statistics.median(ratios):.2f}")
    for name, found in costs.items():
        table.add_row(name, *found)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()

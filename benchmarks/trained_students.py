"""Students to attack in the benchmarks: of one architecture in three sizes, distilled for a while.

The rates are lower for the wider ones, which would else learn to give always one answer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from kdnas.attacks import ModelVictim, Tokens
from kdnas.config import Config, load_config
from kdnas.distillation import distill
from kdnas.evaluation import Prepared, prepare
from kdnas.evaluation.weights import load_weights, save_weights
from kdnas.space import Architecture, Node, Op
from kdnas.students import Student, load_tables
from kdnas.teachers import student_tables
from kdnas.training import choose_device, encode

Size = Literal["small", "middle", "large"]
WIDTHS: dict[Size, tuple[int, int]] = {"small": (128, 3), "middle": (256, 5), "large": (512, 8)}
RATES: dict[Size, float] = {"small": 1e-3, "middle": 5e-4, "large": 1e-4}

TASKS = {
    "rotten_tomatoes": ["distill.epochs=2"],
    "bbc_news": [
        "task.name=bbc_news",
        "task.train=1000",
        "task.search=600",
        "task.report=200",
        "student.max_length=32",
        "distill.epochs=4",
    ],
}


@dataclass(frozen=True)
class Bench:
    """A task with its teacher, and where students are kept."""

    config: Config
    prepared: Prepared
    folder: Path

    @classmethod
    def of(cls, task: str, folder: Path) -> "Bench":
        """The quickstart's teacher on a task; made once, then found in the cache."""
        config = load_config("quickstart", overrides=TASKS[task])
        folder = folder / task
        folder.mkdir(parents=True, exist_ok=True)
        return cls(config, prepare(config), folder)

    def victim(self, size: Size, seed: int) -> ModelVictim:
        """A trained student as attacks see it."""
        student = self.student(size, seed)
        tokens = Tokens(self.prepared.tokenizer, self.config.student.max_length)
        return ModelVictim(lambda ids, mask: student(ids, mask)[0], tokens, choose_device())

    def student(self, size: Size, seed: int) -> Student:
        """A trained student; each is trained once."""
        torch.manual_seed(seed)
        student = Student(architecture(size), self.prepared.shape).to(choose_device())
        tables = student_tables(self.prepared.teacher, WIDTHS[size][0])
        load_tables(student.embedding, tables)
        name = f"{size}-{seed}"
        if not load_weights(self.folder, name, student):
            settings = self.config.distill.model_copy(update={"learning_rate": RATES[size]})
            length = self.config.student.max_length
            texts = encode(self.prepared.tokenizer, self.prepared.task.train.texts, length)
            distill(student, texts, self.prepared.signals, settings, seed)
            save_weights(self.folder, name, student)
        return student.eval()


def architecture(size: Size) -> Architecture:
    """Each layer type once, two paths through the block."""
    width, repeats = WIDTHS[size]
    nodes = (
        Node(Op("conv", 3), width, activation="relu"),
        Node(Op("sepconv", 5), width),
        Node(Op("attention", 4), width),
        Node(Op("glu"), width, mode="add"),
    )
    edges = frozenset({(0, 1), (1, 2), (0, 3), (2, 4), (3, 4), (4, 5)})
    return Architecture(repeats, width, edges, nodes)

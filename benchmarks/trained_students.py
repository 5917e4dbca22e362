"""Students to attack in the benchmarks: of one architecture in three sizes, distilled for a while.

The rates are lower for the wider ones, which would else learn to give always one answer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kdnas.attacks import ModelVictim
from kdnas.config import Config, load_config
from kdnas.distillation import distill, recipe_of
from kdnas.evaluation import Prepared, fresh_student, prepare
from kdnas.evaluation.weights import load_weights, save_weights
from kdnas.records import Job
from kdnas.space import Architecture, Node, Op

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
        length = self.config.student.max_length
        return ModelVictim.of_classifier(student, self.prepared.tokenizer, length)

    def student(self, size: Size, seed: int) -> Any:
        """A trained student; each is trained once."""
        arch, settings = architecture(size).canonical(), self.config.student
        student = fresh_student(self.prepared, settings, arch, seed)
        job = Job(0, arch, seed, replicate=seed)
        if not load_weights(self.folder, job, student.student):
            taught = self.config.distill.model_copy(update={"learning_rate": RATES[size]})
            distill(student, self.prepared.lesson, recipe_of(taught), seed)
            save_weights(self.folder, job, student.student)
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

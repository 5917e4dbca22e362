"""Students that begin with trained layers: of the teacher's start, or of a saved model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from kdnas.comparison.model import Kind
from kdnas.teachers import (
    every_layers,
    first_layers,
    load_for_task,
    require_vocabulary,
    some_layers,
)


@dataclass(frozen=True)
class Begun:
    """Makes the students of a comparison that are transformers, before their training.

    Attributes:
        teacher: The model that the teacher was fine-tuned from.
        tokenizer: The teacher's, which the students share.
        label_names: The classes.
        device: Where the students are.
    """

    teacher: str
    tokenizer: Any
    label_names: Sequence[str]
    device: torch.device

    def student(self, kind: Kind, start: str, seed: int) -> Any:
        """Make a student of a kind in `BEGUN`.

        Args:
            kind: How it is made.
            start: What it begins from, as `Model` has it.
            seed: Decides the start of a fresh head.

        Raises:
            UserError: A model cannot be had, has another vocabulary, or too few layers.
        """
        labels, device = self.label_names, self.device
        if kind == "first-layers":
            return first_layers(self.teacher, labels, int(start) if start else None, seed, device)
        if kind == "every-layers":
            return every_layers(self.teacher, labels, int(start), seed, device)
        numbers, _, folder = start.partition(":") if kind == "cut" else ("", "", start)
        require_vocabulary(folder, self.tokenizer)
        if kind == "cut":
            layers = list(map(int, numbers.split("+")))
            return some_layers(folder, labels, layers, seed, device, trained=True)
        torch.manual_seed(seed)
        return load_for_task(folder, labels).to(device)

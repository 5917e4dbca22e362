"""`ModelFolder`: the models of a comparison as Hugging Face folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kdnas.attacks import ModelVictim
from kdnas.comparison.model import Model
from kdnas.runs import weights_of
from kdnas.students import save_model
from kdnas.teachers import load_trained_classifier


@dataclass(frozen=True)
class ModelFolder:
    """The folder of a comparison, which keeps its models.

    Attributes:
        folder: The folder of the comparison.
        tokenizer: The tokenizer of all models.
        length: Longest text that they see (tokens).
        device: Where they are loaded.
        pairs: Whether texts are pairs.
    """

    folder: Path
    tokenizer: Any
    length: int
    device: torch.device
    pairs: bool = False

    def place(self, identity: tuple[str, int]) -> Path:
        """The folder of a model by its name and replicate."""
        return weights_of(self.folder, *identity).parent

    def load(self, identity: tuple[str, int]) -> Any:
        """A saved model by its name and replicate."""
        return load_trained_classifier(self.place(identity))[0].to(self.device)

    def save(self, model: Model, network: Any) -> None:
        """Keep a model with its tokenizer."""
        self.tokenizer.model_max_length = self.length
        save_model(network, self.tokenizer, self.place(model.identity))

    def victim(self, network: Any) -> ModelVictim:
        """A model as an attack sees it."""
        return ModelVictim.of_classifier(network, self.tokenizer, self.length, self.pairs)

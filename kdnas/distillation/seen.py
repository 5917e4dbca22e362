"""What a term sees of a model, whatever it is: logits, and in each layer what stands for a text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from kdnas.errors import UserError
from kdnas.students import StudentForSequenceClassification, masked_max
from kdnas.training import PLAIN, Batch, Inputs, outputs_of


@dataclass(frozen=True)
class Sizes:
    """What decides about the heads of a recipe.

    Attributes:
        layers: Blocks, cells or layers, without the embedding.
        width: Features of their states.
        classes: Logits.
        has_readouts: Whether the model has a classifier of its own on every layer.
    """

    layers: int
    width: int
    classes: int
    has_readouts: bool = False

    @classmethod
    def of(cls, model: Any) -> Self:
        """Read the sizes off a student or a transformer."""
        if isinstance(model, StudentForSequenceClassification):
            network = model.student
            classes, width = network.classifier.weight.shape
            return cls(network.repeats, width, classes, model.has_readouts)
        config = model.config
        return cls(config.num_hidden_layers, config.hidden_size, config.num_labels)

    @classmethod
    def of_signals(cls, signals: Mapping[str, np.ndarray]) -> Self:
        """Read the sizes of a teacher off its signals; 0 for what none of them tells."""
        states, probes = signals.get("states"), signals.get("probe_logits")
        layered = probes if states is None else states
        answers = signals.get("logits", probes)
        return cls(
            layers=0 if layered is None else layered.shape[1] - 1,
            width=0 if states is None else states.shape[2],
            classes=0 if answers is None else answers.shape[-1],
        )


@dataclass(frozen=True)
class Reader:
    """How a model reads its texts, and which state of a layer stands for one.

    Attributes:
        model: A Hugging Face classifier.
        inputs: How it reads; students of kdnas read plainly.
        attention: Whether it gives its maps of attention too.
    """

    model: Any
    inputs: Inputs = PLAIN
    attention: bool = False

    @classmethod
    def of(cls, model: Any, inputs: Callable[[Any], Inputs], attention: bool = False) -> Self:
        """The reader of a model.

        Args:
            model: A student or a transformer.
            inputs: From a transformer to how it reads.
            attention: Whether its maps of attention are asked for.

        Raises:
            UserError: They are, and it has none, or not where the tokens stand.
        """
        is_shell = isinstance(model, StudentForSequenceClassification)
        read = PLAIN if is_shell else inputs(model)
        if attention:
            if is_shell or read.left or read.alone:
                raise UserError(
                    "maps of attention are compared of transformers that are padded on the right:"
                    " set the weight of the attention to 0"
                )
            model.set_attn_implementation("eager")  # others keep no map
        return cls(model, read, attention)

    @cached_property
    def pools(self) -> bool:
        """Whether no token stands for a text, but the largest value of each feature."""
        return isinstance(self.model, StudentForSequenceClassification)

    def summary(self, states: Tensor, mask: Tensor) -> Tensor:
        """What stands for each text, (batch, width), of states (batch, length, width)."""
        return masked_max(states, mask) if self.pools else self.inputs.summary(states, mask)

    def see(self, batch: Batch) -> "Seen":
        """What the model gives for a batch."""
        asked = {"output_attentions": True} if self.attention else {}
        return Seen(self, batch, outputs_of(self.model, batch, self.inputs, **asked))


@dataclass(frozen=True)
class Seen:
    """What a model gives for one batch; each part is made when it is asked for.

    Attributes:
        reader: Of the model.
        batch: The texts, as the model reads them.
        outputs: As transformers has them, with hidden states.
    """

    reader: Reader
    batch: Batch
    outputs: Any

    @property
    def mask(self) -> Tensor:
        """True at real tokens, (batch, length)."""
        return self.batch.mask

    @cached_property
    def logits(self) -> Tensor:
        """(batch, classes), float32."""
        logits: Tensor = self.outputs.logits.float()
        return logits

    @cached_property
    def hidden(self) -> tuple[Tensor, ...]:
        """The states of the embedding and of each layer, (batch, length, width) each, float32."""
        return tuple(states.float() for states in self.outputs.hidden_states)

    @cached_property
    def states(self) -> tuple[Tensor, ...]:
        """What stands for each text in each layer but the embedding, (batch, width) each.

        Raises:
            UserError: There is no layer.
        """
        if len(self.hidden) < 2:
            raise UserError(
                "a model of an embedding alone has no layer that a method could compare: name a"
                " student with layers, or a method that learns from logits"
            )
        return tuple(self.reader.summary(states, self.mask) for states in self.hidden[1:])

    @cached_property
    def embedded(self) -> Tensor:
        """The mean token of the embedding's output, (batch, width)."""
        real = self.hidden[0] * self.mask.unsqueeze(-1)
        return real.sum(dim=1) / self.mask.sum(dim=1, keepdim=True)

    @cached_property
    def attentions(self) -> Tensor:
        """The mean map of each layer's heads, (batch, layers, length, length), float32."""
        maps: tuple[Tensor, ...] = self.outputs.attentions
        return torch.stack([each.float().mean(dim=1) for each in maps], dim=1)

    @cached_property
    def readouts(self) -> Tensor:
        """Logits of the model's own classifiers, (batch, layers + 1, classes), float32.

        AdaBERT's cells have one after the embedding and after each cell, other models none.
        """
        readouts: Tensor = self.outputs.readouts.float()
        return readouts

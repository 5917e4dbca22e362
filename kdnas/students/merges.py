"""The input modes: how a node joins the outputs of its predecessors; and the activations.

Each takes tensors (batch, length, width_u) in ascending order of the predecessor; narrower ones
are padded on the feature axis to the widest. A single input passes unchanged in every mode.
"""

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.registry import resolve
from kdnas.space import ACTIVATIONS, MERGES


def add(inputs: Sequence[Tensor]) -> Tensor:
    """Sum, narrower inputs padded with zeros."""
    return reduce(torch.add, _padded(inputs, 0.0))


def mul(inputs: Sequence[Tensor]) -> Tensor:
    """Product, narrower inputs padded with ones."""
    return reduce(torch.mul, _padded(inputs, 1.0))


def concat(inputs: Sequence[Tensor]) -> Tensor:
    """Features side by side, in the order given."""
    return torch.cat(tuple(inputs), dim=-1)


def identity(x: Tensor) -> Tensor:
    """The activation `none`."""
    return x


def merge(mode: str, inputs: Sequence[Tensor]) -> Tensor:
    """Join `inputs` by `mode`; one input is returned as it is."""
    if len(inputs) == 1:
        return inputs[0]
    joined: Tensor = resolve(MERGES[mode].function)(inputs)
    return joined


def activate(activation: str, x: Tensor) -> Tensor:
    """Apply an activation, element by element."""
    activated: Tensor = resolve(ACTIVATIONS[activation].function)(x)
    return activated


def _padded(inputs: Sequence[Tensor], value: float) -> list[Tensor]:
    width = max(x.shape[-1] for x in inputs)
    return [
        x if x.shape[-1] == width else F.pad(x, (0, width - x.shape[-1]), value=value)
        for x in inputs
    ]

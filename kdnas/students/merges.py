"""The input modes: how a node joins the outputs of its predecessors; and the activations.

Each takes tensors (batch, length, width_u) in ascending order of the predecessor; narrower ones
are padded on the feature axis to the widest. A single input passes unchanged in every mode.
"""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import itemgetter

import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.registry import resolve
from kdnas.space import ACTIVATIONS, MERGES

Merge = Callable[[Sequence[Tensor]], Tensor]
"""From tensors (batch, length, width_u) to one."""


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


def merge_of(mode: str, inputs: int) -> Merge:
    """The function that joins so many inputs by `mode`; a single one passes as it is."""
    joined: Merge = itemgetter(0) if inputs == 1 else resolve(MERGES[mode].function)
    return joined


def activation_of(name: str) -> Callable[[Tensor], Tensor]:
    """The function of an activation, element by element."""
    activation: Callable[[Tensor], Tensor] = resolve(ACTIVATIONS[name].function)
    return activation


def _padded(inputs: Sequence[Tensor], value: float) -> list[Tensor]:
    width = max(x.shape[-1] for x in inputs)
    return [
        x if x.shape[-1] == width else F.pad(x, (0, width - x.shape[-1]), value=value)
        for x in inputs
    ]

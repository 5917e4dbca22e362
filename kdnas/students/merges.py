"""The input modes: how a node joins the outputs of its predecessors; and the activations.

Each takes tensors (batch, length, width_u) in ascending order of the predecessor; narrower ones
are padded on the feature axis to the widest. A single input passes unchanged in every mode.
"""

from collections.abc import Callable, Sequence
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


Join = Callable[[Sequence[Tensor]], Tensor]


def join_of(mode: str) -> Join:
    """The function of an input mode.

    A network asks once, when it is made: a look into the registry takes longer than a small sum.
    """
    function: Join = resolve(MERGES[mode].function)
    return function


def activation_of(name: str) -> Callable[[Tensor], Tensor]:
    """The function of an activation, which takes element by element."""
    function: Callable[[Tensor], Tensor] = resolve(ACTIVATIONS[name].function)
    return function


def merge(join: Join, inputs: Sequence[Tensor]) -> Tensor:
    """Join inputs; one is returned as it is."""
    return inputs[0] if len(inputs) == 1 else join(inputs)


def _padded(inputs: Sequence[Tensor], value: float) -> list[Tensor]:
    width = max(x.shape[-1] for x in inputs)
    return [
        x if x.shape[-1] == width else F.pad(x, (0, width - x.shape[-1]), value=value)
        for x in inputs
    ]

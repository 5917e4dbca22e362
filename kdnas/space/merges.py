"""How a node joins its inputs, and what is applied to its output: two families of parts.

A user adds to `MERGES` and `ACTIVATIONS` with their method `add`, or names a part as `module:name`
in the settings `space.modes` and `space.activations`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kdnas.registry import Registry


@dataclass(frozen=True)
class Merge:
    """An input mode; a single input passes unchanged in every mode.

    Attributes:
        function: As "module:name": tensors (batch, length, width_u), in ascending order of the
            predecessor, -> one tensor.
        width: From the widths of the inputs to the width of the result (features).
    """

    function: str
    width: Callable[[Sequence[int]], int]


@dataclass(frozen=True)
class Activation:
    """An element-wise function.

    Attributes:
        function: As "module:name": a tensor -> a tensor of the same shape.
    """

    function: str


MERGES: Registry[Merge] = Registry(
    "input mode",
    {
        "add": Merge("kdnas.students.merges:add", max),
        "mul": Merge("kdnas.students.merges:mul", max),
        "concat": Merge("kdnas.students.merges:concat", sum),
    },
    Merge,
)
"""The input modes by name."""

ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    {
        "none": Activation("kdnas.students.merges:identity"),
        "relu": Activation("torch.nn.functional:relu"),
        "swish": Activation("torch.nn.functional:silu"),
    },
    Activation,
)
"""The activations by name."""

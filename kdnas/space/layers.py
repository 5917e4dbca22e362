"""The layer types of a block: what each one is called, costs and may look like.

A layer type is one `LayerType`. `LAYERS` has the four of Guo 2021; a user adds another with
``LAYERS.add("name", LayerType(...))`` or names it as `module:name` in the setting `space.layers`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kdnas.errors import UserError
from kdnas.registry import Registry


@dataclass(frozen=True, order=True)
class Op:
    """A layer type with its parameter.

    A type that is not in `LAYERS` is taken as it is, so that an archive can be read without the
    code of its layers; `SearchSpace` and the counts of costs refuse it.

    Attributes:
        kind: Name of the layer type.
        size: Kernel width in positions, number of heads; 0 for a type without sizes.

    Raises:
        UserError: The layer type has no such size.
    """

    kind: str
    size: int = 0

    def __post_init__(self) -> None:
        if type(self.size) is not int or self.size < 0:
            raise UserError(f"{self.kind} needs a size >= 1, got {self.size!r}")
        if self.kind in LAYERS:
            LAYERS[self.kind].check(self)

    def __str__(self) -> str:
        return f"{self.kind}{self.size or ''}"

    @property
    def described(self) -> str:
        """The layer type and its parameter in words, such as "attention, 4 heads"."""
        layer = LAYERS.get(self.kind)
        return f"{self.kind}, {layer.sized(self.size)}" if layer and self.size else str(self)


@dataclass(frozen=True)
class LayerType:
    """One type of layer, (batch, length, in features) -> (batch, length, out features).

    Attributes:
        module: Its torch module as "module:Class", called with size, in and out features; the
            module's `forward` takes x and the mask (batch, length) of real tokens.
        parameters: From an `Op`, in and out features to the number of weights and biases.
        flops: From an `Op`, in and out features and a length in positions to the floating-point
            operations of one text.
        label: What several of them are called, such as "convolutions".
        sizes: The sizes that a space offers by default; () for a type without sizes.
        size_label: How a size is written, with {} in its place.
        odd: Whether sizes have to be odd, as kernels that keep the length.
        divides: Whether a size has to divide the out features, as heads do.
    """

    module: str
    parameters: Callable[[Op, int, int], int]
    flops: Callable[[Op, int, int, int], int]
    label: str
    sizes: tuple[int, ...] = ()
    size_label: str = "size {}"
    odd: bool = False
    divides: bool = False

    def sized(self, size: int) -> str:
        """A size in words."""
        return self.size_label.format(size)

    def check(self, op: Op) -> None:
        """Refuse an `op` with a size that this type cannot have.

        Raises:
            UserError: It names the type and the size.
        """
        if not self.sizes and op.size:
            raise UserError(f"{op.kind} has no size, got {op.size}")
        if self.sizes and not op.size:
            raise UserError(f"{op.kind} needs a size >= 1, got {op.size}")
        if self.odd and op.size % 2 == 0:
            raise UserError(f"{op.kind} kernels are odd, got {op.size}")

    def check_width(self, op: Op, width: int) -> None:
        """Refuse an output of `width` features that `op` cannot make.

        Raises:
            UserError: The size does not divide the width.
        """
        if self.divides and width % op.size:
            raise UserError(f"width {width} is not divisible by {self.sized(op.size)}")


def make_ops(kind: str, sizes: tuple[int, ...]) -> tuple[Op, ...]:
    """The layers of one type: one for each size, or the only one of a type without sizes."""
    return tuple(Op(kind, size) for size in sizes) if LAYERS[kind].sizes else (Op(kind),)


_PAPER = {
    "conv": LayerType(
        module="kdnas.students.layers:Conv",
        parameters=lambda op, i, o: op.size * i * o + o,
        flops=lambda op, i, o, length: 2 * length * op.size * i * o,
        label="convolutions",
        sizes=(1, 3, 5),
        size_label="kernel {}",
        odd=True,
    ),
    "sepconv": LayerType(
        module="kdnas.students.layers:SepConv",
        parameters=lambda op, i, o: op.size * i + i + i * o + o,
        flops=lambda op, i, o, length: 2 * length * (op.size * i + i * o),
        label="separable convolutions",
        sizes=(3, 5, 7, 9, 11),
        size_label="kernel {}",
        odd=True,
    ),
    "attention": LayerType(
        module="kdnas.students.layers:Attention",
        parameters=lambda op, i, o: 3 * (i * o + o) + o * o + o,
        flops=lambda op, i, o, length: 2 * length * (3 * i * o + o * o) + 4 * length * length * o,
        label="attention layers",
        sizes=(4, 8, 16),
        size_label="{} heads",
        divides=True,
    ),
    "glu": LayerType(
        module="kdnas.students.layers:GatedLinear",
        parameters=lambda op, i, o: 2 * (i * o + o),
        flops=lambda op, i, o, length: 4 * length * i * o,
        label="gated linear layers",
    ),
}

LAYERS: Registry[LayerType] = Registry("layer type", _PAPER, LayerType)
"""The layer types by name; the paper's come first."""


def layer_order(op: Op) -> tuple[int, str, int]:
    """A place of `op` among all layers that depends on no registry, as keys must not."""
    names = list(_PAPER)
    return names.index(op.kind) if op.kind in names else len(names), op.kind, op.size

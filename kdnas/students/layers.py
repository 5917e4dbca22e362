"""The modules of the layer types of a block; every layer maps (x, mask) to a new x.

x is (batch, length, in features), the mask (batch, length) is True at real tokens; what a layer
returns at the other positions is never used.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.registry import resolve
from kdnas.space import LAYERS, Op
from kdnas.students.convolution import convolve, convolve_depthwise


class Conv(nn.Module):
    """Convolution over positions, "same" padding; kernel width 1 is a linear layer."""

    def __init__(self, kernel: int, in_width: int, out_width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_width, out_width, kernel)  # weights and their start; never called

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, in), (batch, length) -> (batch, length, out)."""
        if self.conv.kernel_size == (1,):
            return F.linear(x, self.conv.weight.squeeze(-1), self.conv.bias)
        return convolve(_zero_padding(x, mask), self.conv.weight, self.conv.bias)


class SepConv(nn.Module):
    """Depth-separable convolution: one kernel per feature, then a linear layer across features."""

    def __init__(self, kernel: int, in_width: int, out_width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(in_width, in_width, kernel, groups=in_width)  # never called
        self.pointwise = nn.Linear(in_width, out_width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, in), (batch, length) -> (batch, length, out)."""
        kernels, bias = self.depthwise.weight, self.depthwise.bias
        return self.pointwise(convolve_depthwise(_zero_padding(x, mask), kernels, bias))


class Attention(nn.Module):
    """Multi-head self-attention with a key padding mask; the output width is split over heads."""

    def __init__(self, heads: int, in_width: int, out_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(in_width, out_width)
        self.key = nn.Linear(in_width, out_width)
        self.value = nn.Linear(in_width, out_width)
        self.out = nn.Linear(out_width, out_width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, in), (batch, length) -> (batch, length, out)."""
        B, T, _ = x.shape
        q, k, v = (
            project(x).view(B, T, self.heads, -1).transpose(1, 2)  # (B, heads, T, head size)
            for project in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        return self.out(mixed.transpose(1, 2).reshape(B, T, -1))


class GatedLinear(nn.Module):
    """Gated linear unit with kernel 1: (x W1 + b1) * sigmoid(x W2 + b2)."""

    def __init__(self, size: int, in_width: int, out_width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_width, 2 * out_width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, in), (batch, length) -> (batch, length, out)."""
        return F.glu(self.linear(x), dim=-1)


def make_layer(op: Op, in_width: int, out_width: int) -> nn.Module:
    """The layer of `op` from `in_width` to `out_width` features."""
    layer: nn.Module = resolve(LAYERS[op.kind].module)(op.size, in_width, out_width)
    return layer


def _zero_padding(x: Tensor, mask: Tensor) -> Tensor:
    """Zero the padded positions, which a kernel would otherwise mix into real ones."""
    return x * mask.unsqueeze(-1)

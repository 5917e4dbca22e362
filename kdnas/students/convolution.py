"""Convolutions over positions on (batch, length, features), in the forms that CPUs run fast.

`torch.nn.Conv1d` wants features before positions, so it copies its input there and back; with one
kernel per feature it takes two to ten times as long as the way below. Both functions agree with it
within rounding.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolution with "same" zero padding; while training, as one matrix product of its windows.

    Without gradients batches may be large, their windows leave the cache, and `conv1d` is faster.

    Args:
        x: (batch, length, in).
        weight: (out, in, kernel), the kernel odd.
        bias: (out,).

    Returns:
        (batch, length, out).
    """
    kernel = weight.shape[2]
    if not torch.is_grad_enabled():
        mixed = F.conv1d(x.transpose(1, 2), weight, bias, padding=kernel // 2)
        return mixed.transpose(1, 2)
    windows = torch.cat(_shifts(x, kernel), dim=-1)
    return F.linear(windows, weight.transpose(1, 2).flatten(1), bias)


def convolve_depthwise(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolution of every feature with its own kernel, with "same" zero padding.

    Args:
        x: (batch, length, features).
        weight: (features, 1, kernel), the kernel odd.
        bias: (features,).

    Returns:
        (batch, length, features).
    """
    result: Tensor = _Depthwise.apply(x, weight, bias)
    return result


class _Depthwise(torch.autograd.Function):
    """The gradient for the input is the same convolution with the kernels turned round."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _channels_last(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (grad,) = grads
        x, weight = (saved.to(grad.dtype) for saved in ctx.saved_tensors)  # autocast ended
        taps = [(shift * grad).sum(dim=(0, 1)) for shift in _shifts(x, weight.shape[2])]
        turned = _channels_last(grad, weight.flip(2), None)
        return turned, torch.stack(taps, dim=-1).unsqueeze(1), grad.sum(dim=(0, 1))


def _channels_last(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve an image of height 1 whose features lie side by side, as in `x`: no copies."""
    image = x.contiguous().transpose(1, 2).unsqueeze(2)
    features, _, kernel = weight.shape
    mixed = F.conv2d(image, weight.unsqueeze(2), bias, padding=(0, kernel // 2), groups=features)
    return mixed.squeeze(2).transpose(1, 2)


def _shifts(x: Tensor, kernel: int) -> list[Tensor]:
    """What each tap of a kernel sees: `kernel` views (batch, length, features) of padded `x`."""
    padded = F.pad(x, (0, 0, kernel // 2, kernel // 2))
    return [padded[:, tap : tap + x.shape[1]] for tap in range(kernel)]

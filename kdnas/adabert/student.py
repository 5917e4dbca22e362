"""`CellStudent`: AdaBERT's network of stacked convolutional cells (Chen 2020)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.adabert.cells import EDGES, INPUTS, NODES, OPS, CellArchitecture
from kdnas.space import NetworkShape
from kdnas.students import Embedding, masked_max

Edge = tuple[int, int, tuple[str, ...]]
"""Source, node, and the operations that are mixed on the way."""

ALL_EDGES: tuple[Edge, ...] = tuple((u, v, OPS) for u, v in EDGES)
"""A cell that is still open."""


class Convolution(nn.Module):
    """ReLU, 1-D convolution over the positions, batch normalisation over the real ones."""

    def __init__(self, size: int, width: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, width, size, padding="same", dilation=dilation, bias=False)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, W), (batch, length) -> (batch, length, W)."""
        y = self.conv(F.relu(x).transpose(1, 2)).transpose(1, 2)
        out = torch.zeros_like(y)
        out[mask] = self.norm(y[mask])
        return out


class Simple(nn.Module):
    """Pooling over three positions, identity, or nothing."""

    def __init__(self, op: str) -> None:
        super().__init__()
        self.op = op

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, W), (batch, length) -> (batch, length, W)."""
        if self.op == "identity":
            return x
        if self.op == "zero":
            return torch.zeros_like(x)
        pool = F.max_pool1d if self.op == "max" else F.avg_pool1d
        pooled = pool(F.relu(x).transpose(1, 2), 3, stride=1, padding=1).transpose(1, 2)
        return pooled * mask.unsqueeze(-1)


def make_op(op: str, width: int) -> nn.Module:
    """The module of an operation."""
    if op.startswith(("conv", "dilated")):
        return Convolution(int(op[-1]), width, dilation=2 if op.startswith("dilated") else 1)
    return Simple(op)


class Cell(nn.Module):
    """One cell; what it returns is a mean of its nodes with learned weights."""

    def __init__(self, edges: Sequence[Edge], width: int) -> None:
        super().__init__()
        self.ends = [(source, node) for source, node, _ in edges]
        self.ops = nn.ModuleList(
            nn.ModuleList(make_op(op, width) for op in ops) for _, _, ops in edges
        )
        self.nodes = nn.Parameter(torch.zeros(NODES))

    def forward(
        self, first: Tensor, second: Tensor, mask: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """The states of two cells, (batch, length, W) each -> that of this one.

        Args:
            first: Of the cell before the last.
            second: Of the last cell.
            mask: True at real tokens, (batch, length).
            weights: Of the operations of each edge, (edges, operations); None for sums. Where no
                gradient of them is asked for, operations with weight 0 are left out.
        """
        states = [first, second, *[torch.zeros_like(first)] * NODES]
        for i, (source, node) in enumerate(self.ends):
            choices: Any = self.ops[i]
            for j, op in enumerate(choices):
                if weights is not None and not weights.requires_grad and not weights[i, j]:
                    continue
                out = op(states[source], mask)
                states[node] = states[node] + (out if weights is None else weights[i, j] * out)
        shares = self.nodes.softmax(dim=0)
        return torch.stack(states[INPUTS:]).mul(shares.view(-1, 1, 1, 1)).sum(dim=0)


class CellStudent(nn.Module):
    """Embedding -> cells; a read-out after the embedding and after each cell.

    A read-out is a learned mean of the pooled states so far, tanh, dropout and a linear classifier
    that all read-outs share.

    Args:
        cells: How many.
        edges: Of each cell.
        width: Features of every state.
        shape: Vocabulary, classes and positions.
        dropout: After the embedding and before the classifier.
    """

    def __init__(
        self,
        cells: int,
        edges: Sequence[Edge],
        width: int,
        shape: NetworkShape,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.repeats = cells
        self.embedding = Embedding(shape, width, dropout)
        self.cells = nn.ModuleList(Cell(edges, width) for _ in range(cells))
        self.depths = nn.Parameter(torch.zeros(cells + 1))
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, shape.classes)

    @classmethod
    def of(cls, arch: CellArchitecture, shape: NetworkShape, dropout: float = 0.1) -> "CellStudent":
        """The network of an architecture."""
        edges = [(source, node, (op,)) for source, node, op in arch.edges]
        return cls(arch.cells, edges, arch.width, shape, dropout)

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        weights: Tensor | None = None,
        segments: Tensor | None = None,
    ) -> tuple[Tensor, list[Tensor]]:
        """Class scores of all read-outs, and the states of the embedding and of every cell.

        Args:
            ids: Token ids, (batch, length).
            mask: True at real tokens, (batch, length).
            weights: See `Cell`; the same in every cell.
            segments: Segment ids, (batch, length); all 0 by default.

        Returns:
            (batch, cells + 1, classes), and (batch, length, W) each.
        """
        x = self.embedding(ids, segments) * mask.unsqueeze(-1)
        first = second = x
        outputs, pooled = [x], [masked_max(x, mask)]
        for cell in self.cells:
            first, second = second, cell(first, second, mask, weights)
            outputs.append(second)
            pooled.append(masked_max(second, mask))
        states = torch.stack(pooled, dim=1)
        means = [
            (self.depths[:depth].softmax(dim=0).unsqueeze(-1) * states[:, :depth]).sum(dim=1)
            for depth in range(1, states.shape[1] + 1)
        ]
        return self.classifier(self.dropout(torch.tanh(torch.stack(means, dim=1)))), outputs

"""`Student`: the network of an architecture (Guo 2021, section 5.3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.space import Architecture, NetworkShape, block_plan, needs_adapter
from kdnas.students.embedding import Embedding
from kdnas.students.layers import make_layer
from kdnas.students.merges import activation_of, join_of, merge


class Block(nn.Module):
    """One block: the DAG of a canonical architecture, then the way back to the hidden width."""

    def __init__(self, arch: Architecture, shape: NetworkShape) -> None:
        super().__init__()
        self.plan, self.output, self.width = block_plan(arch), arch.output, arch.width
        planned = self.plan.nodes
        self.layers = nn.ModuleList(
            make_layer(p.node.op, p.in_width, p.node.width) for p in planned
        )
        per_node = shape.norm == "node"
        self.node_norms = nn.ModuleList(
            nn.LayerNorm(p.node.width) if per_node else nn.Identity() for p in planned
        )
        ends = [(p.node.mode, p.node.activation) for p in planned]
        ends.append((arch.output.mode, arch.output.activation))
        self.joins = [join_of(mode) for mode, _ in ends]
        self.activations = [activation_of(activation) for _, activation in ends]
        merged = self.plan.merged_width
        adapts = needs_adapter(merged, self.width, shape.out_adapter)
        self.adapter = nn.Linear(merged, self.width) if adapts else nn.Identity()
        self.norm = nn.LayerNorm(self.width) if shape.norm == "block" else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, W), (batch, length) -> (batch, length, W)."""
        outputs = {0: x}
        parts = zip(self.plan.nodes, self.layers, self.node_norms, strict=True)
        for (p, layer, norm), join, activate in zip(parts, self.joins, self.activations):  # noqa: B905
            merged = merge(join, [outputs[u] for u in p.sources])
            outputs[p.vertex] = norm(activate(layer(merged, mask)))
        merged = merge(self.joins[-1], [outputs[u] for u in self.plan.out_sources])
        merged = self.adapter(merged)
        if merged.shape[-1] < self.width:  # out_adapter = "pad"
            merged = F.pad(merged, (0, self.width - merged.shape[-1]))
        return self.norm(self.activations[-1](merged))


class Student(nn.Module):
    """Embedding -> R blocks -> max pooling over positions -> linear classifier.

    Args:
        arch: The architecture; its canonical form is what is built.
        shape: Vocabulary, classes and the choices that the paper leaves open.
        dropout: After the embedding.
    """

    def __init__(self, arch: Architecture, shape: NetworkShape, dropout: float = 0.1) -> None:
        super().__init__()
        arch = arch.canonical()
        self.repeats = arch.repeats
        self.embedding = Embedding(shape, arch.width, dropout)
        stored = 1 if shape.share_blocks else arch.repeats
        self.blocks = nn.ModuleList(Block(arch, shape) for _ in range(stored))
        self.classifier = nn.Linear(arch.width, shape.classes)

    def forward(
        self, ids: Tensor, mask: Tensor, segments: Tensor | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Class scores and what every block returned.

        Args:
            ids: Token ids, (batch, length).
            mask: True at real tokens, (batch, length).
            segments: Segment ids, (batch, length); all 0 by default.

        Returns:
            Logits (batch, classes), and R block outputs (batch, length, W).
        """
        x = self.embedding(ids, segments)
        outputs = []
        for r in range(self.repeats):
            x = self.blocks[r % len(self.blocks)](x, mask)
            outputs.append(x)
        return self.classifier(masked_max(x, mask)), outputs


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """Max pooling over the real positions: (batch, length, W), (batch, length) -> (batch, W)."""
    lowest = torch.finfo(x.dtype).min
    return x.masked_fill(~mask.unsqueeze(-1), lowest).amax(dim=1)

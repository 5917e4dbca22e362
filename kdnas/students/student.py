"""`Student`: the network of an architecture (Guo 2021, section 5.3)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.space import Architecture, NetworkShape, block_plan, needs_adapter
from kdnas.students.embedding import Embedding
from kdnas.students.layers import make_layer
from kdnas.students.merges import activation_of, merge_of


class Block(nn.Module):
    """One block: the DAG of a canonical architecture, then the way back to the hidden width."""

    def __init__(self, arch: Architecture, shape: NetworkShape) -> None:
        super().__init__()
        self.plan, self.width = block_plan(arch), arch.width
        planned = self.plan.nodes
        self.layers = nn.ModuleList(
            make_layer(p.node.op, p.in_width, p.node.width) for p in planned
        )
        per_node = shape.norm == "node"
        self.node_norms = nn.ModuleList(
            nn.LayerNorm(p.node.width) if per_node else nn.Identity() for p in planned
        )
        self.merges = [merge_of(p.node.mode, len(p.sources)) for p in planned]
        self.merge = merge_of(arch.output.mode, len(self.plan.out_sources))
        self.activations = [activation_of(p.node.activation) for p in planned]
        self.activation = activation_of(arch.output.activation)
        merged = self.plan.merged_width
        adapts = needs_adapter(merged, self.width, shape.out_adapter)
        self.adapter = nn.Linear(merged, self.width) if adapts else nn.Identity()
        self.norm = nn.LayerNorm(self.width) if shape.norm == "block" else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, W), (batch, length) -> (batch, length, W)."""
        outputs = {0: x}
        maps = zip(self.merges, self.layers, self.activations, self.node_norms, strict=True)
        for p, (merge, layer, activate, norm) in zip(self.plan.nodes, maps, strict=True):
            merged = merge([outputs[u] for u in p.sources])
            outputs[p.vertex] = norm(activate(layer(merged, mask)))
        merged = self.adapter(self.merge([outputs[u] for u in self.plan.out_sources]))
        if merged.shape[-1] < self.width:  # out_adapter = "pad"
            merged = F.pad(merged, (0, self.width - merged.shape[-1]))
        return self.norm(self.activation(merged))


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
        """Class scores, and what the embedding and every block returned.

        Args:
            ids: Token ids, (batch, length).
            mask: True at real tokens, (batch, length).
            segments: Segment ids, (batch, length); all 0 by default.

        Returns:
            Logits (batch, classes), and 1 + R states (batch, length, W).
        """
        x = self.embedding(ids, segments)
        outputs = [x]
        for r in range(self.repeats):
            x = self.blocks[r % len(self.blocks)](x, mask)
            outputs.append(x)
        return self.classifier(masked_max(x, mask)), outputs


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """Max pooling over the real positions: (batch, length, W), (batch, length) -> (batch, W)."""
    lowest = torch.finfo(x.dtype).min
    return x.masked_fill(~mask.unsqueeze(-1), lowest).amax(dim=1)

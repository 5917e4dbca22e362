"""AdaBERT's own search: a cell by gradient descent on relaxed choices (Chen 2020)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdnas.adabert.cells import EDGES, INPUTS, NODES, OPS, CellArchitecture, CellEdge
from kdnas.adabert.losses import depth_losses, efficiency_loss
from kdnas.adabert.student import ALL_EDGES, CellStudent
from kdnas.cache import Arrays
from kdnas.space import NetworkShape
from kdnas.students import load_tables
from kdnas.training import Batch, EncodedTexts, choose_device, epoch_plan, take

COLDEST = 0.2
"""Temperature at the end of a search, and of the probabilities that a cell is derived from."""


@dataclass(frozen=True)
class CellSearch:
    """How cells are searched; the rates are those of the authors' own code.

    Attributes:
        cells: At most so many.
        width: Features of every state.
        gamma: Share of the teacher in the loss.
        beta: Weight of the efficiency.
        learning_rate, weight_decay: Of the weights (Adam).
        choice_rate, choice_decay: Of the choices (Adam).
        clip: Largest norm of a gradient.
        depth: The number of cells, where it is not searched.
        rest: Share of the steps before the choices begin to move; until then all are drawn alike.
    """

    cells: int = 8
    width: int = 128
    gamma: float = 0.8
    beta: float = 4.0
    learning_rate: float = 5e-4
    weight_decay: float = 3e-4
    choice_rate: float = 1e-4
    choice_decay: float = 1e-3
    clip: float = 5.0
    depth: int | None = None
    rest: float = 0.0
    epochs: int = 10
    batch_size: int = 32


Turn = tuple[nn.Module, torch.optim.Optimizer]
"""What a step moves, and its optimiser."""


class Choices(nn.Module):
    """Logits of the operation on each edge and of the number of cells."""

    def __init__(self, cells: int) -> None:
        super().__init__()
        self.ops = nn.Parameter(1e-3 * torch.randn(len(EDGES), len(OPS)))
        self.depths = nn.Parameter(1e-3 * torch.randn(cells + 1))

    def fix_depth(self) -> None:
        """All cells are always used."""
        self.depths.requires_grad_(False)[-1] = 1e6

    def sampled(self, temperature: float) -> tuple[Tensor, Tensor]:
        """One choice each, as 0 and 1, with the gradients of the soft one (Jang 2017)."""
        ops, depths = (
            F.gumbel_softmax(logits, temperature, hard=True) for logits in (self.ops, self.depths)
        )
        return ops, depths


def search_cell(
    texts: EncodedTexts,
    labels: Sequence[int],
    probe_logits: np.ndarray,
    shape: NetworkShape,
    settings: CellSearch,
    seed: int,
    tables: Arrays | None = None,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> CellArchitecture:
    """Train weights and choices in turn on the same batches, and keep the likeliest cell.

    Args:
        texts: The training texts.
        labels: Their true classes.
        probe_logits: Those of the teacher's probes on them, (texts, layers + 1, classes).
        shape: Vocabulary, classes and positions of the student.
        settings: Rates, sizes and the length of the search.
        seed: Decides everything that is drawn.
        tables: Embedding tables to start from; None for random ones.
        on_epoch: Called after each epoch with its number from 1 and mean loss.
    """
    torch.manual_seed(seed)
    device = choose_device()
    net, choices = _begun(settings, shape, tables, device)
    truth = torch.tensor(labels, device=device)
    probes = torch.from_numpy(probe_logits).to(device)
    rng = np.random.default_rng(seed)
    plan = epoch_plan(texts.lengths, settings.batch_size, settings.epochs, rng)
    turns = _turns(net, choices, settings)
    steps, step = sum(map(len, plan)), 0
    for epoch, batches in enumerate(plan, start=1):
        total = 0.0
        for index in batches:
            batch, warmth = take(texts, index, device), COLDEST ** (step / max(steps - 1, 1))
            known = probes[batch.index], truth[batch.index]
            for turn in turns if step >= settings.rest * steps else turns[:1]:
                ops, depths = choices.sampled(warmth)
                if turn is turns[0]:  # then only what was drawn has to be computed
                    ops = ops.detach()
                loss = _loss(net, batch, (ops, depths), known, settings)
                _descend(loss, turn, turns, settings.clip)
            total, step = total + loss.item(), step + 1
        on_epoch(epoch, total / len(batches))
    return derived_cell(choices.ops.detach(), choices.depths.detach(), settings.width)


def _begun(
    settings: CellSearch, shape: NetworkShape, tables: Arrays | None, device: torch.device
) -> tuple[CellStudent, Choices]:
    """The network of all operations on all edges, and the choices among them."""
    cells = settings.cells if settings.depth is None else settings.depth
    net = CellStudent(cells, ALL_EDGES, settings.width, shape)
    if tables is not None:
        load_tables(net.embedding, tables)
    choices = Choices(cells)
    if settings.depth is not None:
        choices.fix_depth()
    return net.to(device).train(), choices.to(device)


def _turns(net: CellStudent, choices: Choices, settings: CellSearch) -> list[Turn]:
    """Return who learns in turn within a step, each with its optimiser."""
    return [
        (net, torch.optim.Adam(net.parameters(), settings.learning_rate, fused=True,
                               weight_decay=settings.weight_decay)),
        (choices, torch.optim.Adam(choices.parameters(), settings.choice_rate,
                                   weight_decay=settings.choice_decay)),
    ]  # fmt: skip


def _loss(
    net: CellStudent,
    batch: Batch,
    drawn: tuple[Tensor, Tensor],
    known: tuple[Tensor, Tensor],
    settings: CellSearch,
) -> Tensor:
    """The loss of what was drawn, by the teacher's probes and the true classes."""
    ops, depths = drawn
    readouts, _ = net(batch.ids, batch.mask, ops, batch.segments)
    losses = depth_losses(readouts, *known, settings.gamma)
    return (depths * losses).sum() + settings.beta * efficiency_loss(ops, depths)


def _descend(loss: Tensor, turn: Turn, turns: list[Turn], clip: float) -> None:
    """A step of one of them; the gradients that the other has by it are of no use."""
    for module, _ in turns:
        module.zero_grad()
    loss.backward()
    module, optimiser = turn
    nn.utils.clip_grad_norm_(module.parameters(), clip)
    optimiser.step()


def derived_cell(ops: Tensor, depths: Tensor, width: int) -> CellArchitecture:
    """The cell that the choices mean.

    Its number is the likeliest; each edge has its likeliest operation, and each node keeps the two
    edges whose operations are the likeliest. `zero`, the last, has its share of the probability but
    is never chosen, as in DARTS (Liu 2019): a node would be left without input.

    Args:
        ops: Logits of the operations of each edge, (edges, operations).
        depths: Logits of the numbers of cells, (cells + 1,).
        width: Of the states.
    """
    best, chosen = (ops / COLDEST).softmax(dim=1)[:, : OPS.index("zero")].max(dim=1)
    kept: list[CellEdge] = []
    for node in range(INPUTS, INPUTS + NODES):
        incoming = [i for i, edge in enumerate(EDGES) if edge[1] == node]
        strongest = sorted(incoming, key=lambda i: -float(best[i]))[:2]
        kept += [CellEdge(*EDGES[i], OPS[int(chosen[i])]) for i in sorted(strongest)]
    return CellArchitecture(int(depths.argmax()), width, tuple(kept))

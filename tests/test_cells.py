"""AdaBERT: cells as values, the network, its losses, the search for a cell."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F
from transformers import AutoModelForSequenceClassification

from kdnas.adabert import (
    ALL_EDGES,
    COSTS,
    EDGES,
    OPS,
    CellArchitecture,
    CellConfig,
    CellEdge,
    CellSearch,
    CellsForSequenceClassification,
    CellStudent,
    depth_losses,
    derived_cell,
    efficiency_loss,
    search_cell,
)
from kdnas.adabert.search import Choices
from kdnas.config import Config
from kdnas.distillation import distill, recipe_of
from kdnas.errors import UserError
from kdnas.evaluation import Prepared, fresh_student
from kdnas.space import NetworkShape
from kdnas.training import encode, logits_of, predict
from kdnas.training.device import choose_device

SHAPE = NetworkShape(vocabulary=50, classes=3, positions=16)
EVERY_OP = CellArchitecture(
    2, 8, tuple(CellEdge(*edge, op) for edge, op in zip(EDGES, OPS, strict=False))
)


@st.composite
def cell_architectures(draw: st.DrawFn) -> CellArchitecture:
    taken = draw(st.lists(st.booleans(), min_size=len(EDGES), max_size=len(EDGES)))
    kept = [edge for edge, there in zip(EDGES, taken, strict=True) if there]
    edges = tuple(CellEdge(*edge, draw(st.sampled_from(OPS))) for edge in kept)
    return CellArchitecture(draw(st.integers(0, 3)), 8, edges)


def student_of(arch: CellArchitecture) -> CellStudent:
    torch.manual_seed(0)
    return CellStudent.of(arch, SHAPE)


def some_texts(*lengths: int) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(lengths)
    ids = torch.randint(0, 50, (len(lengths), longest), generator=torch.Generator().manual_seed(0))
    return ids, torch.arange(longest) < torch.tensor(lengths)[:, None]


def test_costs_are_shares_of_one() -> None:
    assert sum(COSTS.values()) == pytest.approx(1)


@given(cell_architectures())
def test_a_cell_comes_back_from_its_file(arch: CellArchitecture) -> None:
    assert CellArchitecture.from_json(arch.to_json()) == arch


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((2, 8, ((0, 2, "conv9"),)), "operations: conv3"),
        ((2, 8, ((2, 2, "max"),)), "no edge of a cell"),
        ((2, 8, ((1, 2, "max"), (0, 2, "max"))), "in order"),
        ((2, 8, ((0, 2, "max"), (0, 2, "zero"))), "each once"),
        ((-1, 8, ()), "at least 0 and 1"),
    ],
)
def test_what_is_no_cell_is_refused(values, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        CellArchitecture(*values)


@pytest.mark.parametrize(
    "text", ["", "[]", '{"cells": 2}', '{"cells": 1, "width": 8, "edges": [7]}']
)
def test_a_file_that_holds_no_cell_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        CellArchitecture.from_json(text)


@given(cell_architectures())
def test_padding_changes_nothing(arch: CellArchitecture) -> None:
    student = student_of(arch).eval()
    ids, mask = some_texts(7, 5)
    padded = F.pad(ids, (0, 4), value=3), F.pad(mask, (0, 4), value=False)
    assert torch.allclose(student(ids, mask)[0], student(*padded)[0], atol=1e-5)


def test_padding_has_no_part_in_batch_statistics() -> None:
    def statistics(*texts: torch.Tensor) -> list[torch.Tensor]:
        student = student_of(EVERY_OP).train()
        student.embedding.dropout.p = 0.0
        student(*texts)
        return [b for name, b in student.named_buffers() if "running" in name]

    ids, mask = some_texts(7, 5)
    padded = F.pad(ids, (0, 4), value=3), F.pad(mask, (0, 4), value=False)
    pairs = zip(statistics(ids, mask), statistics(*padded), strict=True)
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in pairs)


def test_a_cell_of_nothing_knows_the_words_alone() -> None:
    nothing = tuple(CellEdge(*edge, "zero") for edge in EDGES)
    student = student_of(CellArchitecture(2, 8, nothing)).eval()
    states = []
    student.cells[1].register_forward_hook(lambda *call: states.append(call[2]))
    student(*some_texts(6))
    assert not states[0].any()


def test_an_operation_sees_as_far_as_it_says() -> None:
    """The farthest position that a change at position 8 reaches, over one edge."""
    reach = {}
    for op in OPS:
        student = student_of(CellArchitecture(1, 8, (CellEdge(1, 2, op),))).eval()
        cell = student.cells[0]
        x = torch.rand(1, 17, 8) + 0.1
        changed = x.clone()
        changed[0, 8] += 1
        mask = torch.ones(1, 17, dtype=torch.bool)
        moved = (cell(x, x, mask) - cell(changed, changed, mask)).abs().amax(dim=2)[0] > 1e-7
        reach[op] = max((abs(i - 8) for i in moved.nonzero().flatten().tolist()), default=-1)
    assert reach == {
        "conv3": 1, "conv5": 2, "conv7": 3, "dilated3": 2, "dilated5": 4, "dilated7": 6,
        "max": 1, "average": 1, "identity": 0, "zero": -1,
    }  # fmt: skip


def test_an_open_cell_with_sure_choices_is_the_closed_one() -> None:
    student = student_of(EVERY_OP).eval()
    torch.manual_seed(1)
    whole = CellStudent(2, ALL_EDGES, 8, SHAPE).eval()
    chosen = {(e.source, e.node): OPS.index(e.op) for e in EVERY_OP.edges}
    weights = torch.zeros(len(EDGES), len(OPS))
    for i, edge in enumerate(EDGES):
        weights[i, chosen[edge]] = 1
    for ours, theirs in zip(student.cells, whole.cells, strict=True):
        for i, edge in enumerate(EDGES):
            ours.ops[i][0].load_state_dict(theirs.ops[i][chosen[edge]].state_dict())
    whole.embedding.load_state_dict(student.embedding.state_dict())
    whole.classifier.load_state_dict(student.classifier.state_dict())
    texts = some_texts(7, 5)
    assert torch.allclose(student(*texts)[0], whole(*texts, weights)[0], atol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.8, 1.0])
def test_the_loss_at_every_depth(gamma: float) -> None:
    generator = torch.Generator().manual_seed(0)
    readouts = torch.randn(4, 3, 2, generator=generator)
    probes = torch.randn(4, 7, 2, generator=generator)
    labels = torch.tensor([0, 1, 1, 0])
    expected = []
    for depth, layers in enumerate(([0], [0, 3], [0, 2, 4])):
        kd = 0.0
        for m, layer in enumerate(layers):
            for text in range(4):
                p = probes[text, layer].softmax(0)
                kd -= float(p @ readouts[text, m].log_softmax(0)) / (4 * len(layers))
        ce = -np.mean([float(readouts[t, depth].log_softmax(0)[labels[t]]) for t in range(4)])
        expected.append((1 - gamma) * ce + gamma * kd)
    assert depth_losses(readouts, probes, labels, gamma).tolist() == pytest.approx(expected)


def test_efficiency_grows_with_cells_and_kernels() -> None:
    def loss(op: str, cells: int) -> float:
        ops = F.one_hot(torch.full((len(EDGES),), OPS.index(op)), len(OPS)).float()
        return float(efficiency_loss(ops, F.one_hot(torch.tensor(cells), 9).float()))

    assert loss("conv3", 8) == pytest.approx(COSTS["conv3"])
    assert loss("conv3", 4) == pytest.approx(COSTS["conv3"] / 2)
    assert loss("max", 4) < loss("conv3", 4) < loss("conv7", 4) < loss("conv7", 5)
    assert loss("conv7", 0) == 0


def test_the_likeliest_cell_is_derived() -> None:
    ops = torch.zeros(len(EDGES), len(OPS))
    for i in range(len(EDGES)):
        ops[i, i % len(OPS)] = (i + 1) / 10
    cell = derived_cell(ops, torch.tensor([0.1, 0.2, 0.5, 0.4]), width=16)
    assert (cell.cells, cell.width) == (2, 16)
    places = [EDGES.index((e.source, e.node)) for e in cell.edges]
    assert places == [0, 1, 3, 4, 7, 8]  # of each node the two that came last
    assert [e.op for e in cell.edges] == [OPS[i] for i in places]


SETTINGS = ("teacher.epochs=25", "teacher.learning_rate=2e-3", "distill.epochs=15")


def test_a_student_of_cells_learns(config: Config, prepared: Prepared) -> None:
    train, lesson = prepared.task.train, prepared.lesson
    cell = CellArchitecture(2, 32, EVERY_OP.edges[:4])

    def trained(seed: int) -> np.ndarray:
        form = CellsForSequenceClassification
        student = fresh_student(prepared, config.student, cell, 0, form)
        distill(student, lesson, recipe_of(config.distill, "adabert"), seed)
        return predict(logits_of(student), lesson.texts, choose_device())

    first = trained(0)
    assert (first.argmax(1) == np.array(train.labels)).mean() > 0.75
    assert np.array_equal(first, trained(0))
    assert not np.array_equal(first, trained(1))


def test_a_search_finds_a_cell_and_repeats_it(prepared: Prepared) -> None:
    train = prepared.task.train
    texts, probe_logits = prepared.lesson.texts, prepared.lesson.signals["probe_logits"]
    losses: list[float] = []

    def found(seed: int, beta: float = 4.0) -> CellArchitecture:
        settings = CellSearch(cells=2, width=16, epochs=3, beta=beta, choice_rate=0.1)
        return search_cell(
            texts, train.labels, probe_logits, prepared.shape, settings, seed,
            on_epoch=lambda epoch, loss: losses.append(loss),
        )  # fmt: skip

    first = found(0)
    assert len(first.edges) == 6
    assert first == found(0)
    assert losses[2] < losses[0]
    assert found(0, beta=1000.0).cells == 0  # nothing is cheaper than the embedding alone


def test_what_was_not_drawn_need_not_be_computed() -> None:
    torch.manual_seed(0)
    student = CellStudent(2, ALL_EDGES, 8, SHAPE).train()
    ids, mask = some_texts(7, 4)
    drawn = torch.zeros(len(EDGES), len(OPS))
    drawn[torch.arange(len(EDGES)), torch.arange(len(EDGES))] = 1
    student.dropout.p = student.embedding.dropout.p = 0
    few = student(ids, mask, drawn)[0]
    few.sum().backward()
    gradients = [p.grad for p in student.parameters()]
    student.zero_grad()
    every = student(ids, mask, drawn.clone().requires_grad_())[0]
    every.sum().backward()
    assert torch.allclose(few, every)
    for less, more in zip(gradients, [p.grad for p in student.parameters()], strict=True):
        assert more is not None
        assert torch.allclose(more, torch.zeros(()) if less is None else less, atol=1e-6)


def test_a_given_depth_is_kept_and_resting_choices_do_not_move(prepared: Prepared) -> None:
    texts = encode(prepared.tokenizer, prepared.task.train.texts[:32], 32)
    labels = prepared.task.train.labels[:32]
    probe_logits = prepared.lesson.signals["probe_logits"][:32]
    found = {
        rest: search_cell(
            texts, labels, probe_logits, prepared.shape,
            CellSearch(width=8, depth=2, rest=rest, epochs=2, choice_rate=0.5), seed=0,
        )
        for rest in (0.0, 1.0)
    }  # fmt: skip
    assert all(cell.cells == 2 for cell in found.values())
    torch.manual_seed(0)
    CellStudent(2, ALL_EDGES, 8, prepared.shape)
    start = Choices(2)
    assert found[1.0].edges == derived_cell(start.ops.detach(), start.depths.detach(), 8).edges
    assert found[0.0].edges != found[1.0].edges


def test_the_shell_gives_the_same_logits_after_a_file(tmp_path: Path) -> None:
    config = CellConfig.of(EVERY_OP.to_json(), SHAPE, ("a", "b", "c"), 12, 0.1)
    model = CellsForSequenceClassification(config).eval()
    ids, mask = some_texts(7, 4)
    model.save_pretrained(tmp_path)
    again = AutoModelForSequenceClassification.from_pretrained(tmp_path)
    assert isinstance(again, CellsForSequenceClassification)
    assert again.config.id2label == {0: "a", 1: "b", 2: "c"}
    with torch.no_grad():
        expected = model.student(ids, mask)[0][:, -1]
        assert torch.equal(again(ids, mask.long()).logits, expected)
        loss = again(ids, mask.long(), labels=torch.tensor([0, 2])).loss
    assert loss == F.cross_entropy(expected, torch.tensor([0, 2]))


def test_nothing_is_never_chosen() -> None:
    ops = torch.zeros(len(EDGES), len(OPS))
    ops[:, OPS.index("zero")] = 9.0
    ops[:, OPS.index("conv5")] = 1.0
    cell = derived_cell(ops, torch.tensor([0.0, 1.0]), 8)
    assert {edge.op for edge in cell.edges} == {"conv5"}

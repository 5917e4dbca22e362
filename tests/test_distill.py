"""Distillation: the losses against torch and their limits, followed layers, the training."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from heavy import TINY_ARCHITECTURE
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from kdnas.config import DistillSettings
from kdnas.distillation import (
    RULES,
    Lesson,
    Reader,
    Sizes,
    StudentProbes,
    distill,
    followed_layers,
    hard_loss,
    kd_loss,
    logit_loss,
    probe_loss,
    recipe_of,
)
from kdnas.space import NetworkShape
from kdnas.students import Blueprint, Student, build, masked_max, only_rows_of
from kdnas.training import EncodedTexts, Schedule, decay_groups, epoch_plan, fit, take

SHAPE = NetworkShape(vocabulary=50, classes=3, positions=16)
CPU = torch.device("cpu")
BLUEPRINT = Blueprint(SHAPE, ("a", "b", "c"), 16, 0.1, CPU)


def logits(seed: int, *shape: int) -> torch.Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("t", [1.0, 2.0, 7.5])
def test_kd_agrees_with_its_definition(t: float) -> None:
    student, teacher = logits(0, 5, 3).double(), logits(1, 5, 3).double()
    p, q = torch.softmax(teacher / t, 1), torch.softmax(student / t, 1)
    forward = t**2 * (p * (p.log() - q.log())).sum() / 5
    assert kd_loss(student, teacher, t).item() == pytest.approx(forward.item())
    reverse = t**2 * (q * (q.log() - p.log())).sum() / 5
    assert kd_loss(student, teacher, t, "reverse").item() == pytest.approx(reverse.item())


@given(st.integers(0, 1000), st.floats(0.5, 20))
def test_kd_of_equal_logits_is_zero_and_else_positive(seed: int, t: float) -> None:
    teacher = logits(seed, 4, 3).double()
    assert kd_loss(teacher, teacher, t).item() == pytest.approx(0.0, abs=1e-9)
    assert kd_loss(logits(seed + 1, 4, 3).double(), teacher, t).item() > 0


def test_kd_tends_to_centred_squared_distance_as_the_temperature_grows() -> None:
    student, teacher = logits(0, 6, 3).double(), logits(1, 6, 3).double()
    gap = (student - student.mean(1, keepdim=True)) - (teacher - teacher.mean(1, keepdim=True))
    limit = gap.square().sum(1).mean() / (2 * 3)
    assert kd_loss(student, teacher, 1e4).item() == pytest.approx(limit.item(), rel=1e-3)


def test_probe_loss_is_a_sum_of_cross_entropies() -> None:
    student, teacher = logits(0, 5, 4, 3), logits(1, 5, 4, 3)
    target = torch.softmax(teacher, dim=-1)
    expected = sum(F.cross_entropy(student[:, b], target[:, b]) for b in range(4))
    assert torch.allclose(probe_loss(student, teacher), expected)


def test_probe_loss_is_smallest_at_the_teachers_entropy() -> None:
    teacher = logits(1, 5, 4, 3)
    p = torch.softmax(teacher, dim=-1)
    entropy = -(p * p.log()).sum(dim=(1, 2)).mean()
    assert torch.allclose(probe_loss(teacher, teacher), entropy)
    assert probe_loss(logits(2, 5, 4, 3), teacher) > entropy


def test_the_hard_loss_is_that_of_classes_or_numbers() -> None:
    scores, classes = logits(0, 5, 3), torch.tensor([0, 2, 1, 1, 0])
    assert torch.equal(hard_loss(scores, classes), F.cross_entropy(scores, classes))
    numbers = torch.linspace(0, 5, 5)
    squared = ((scores[:, 0] - numbers) ** 2).mean()
    assert torch.allclose(hard_loss(scores[:, :1], numbers), squared)


@pytest.mark.parametrize("loss", [lambda s, t: kd_loss(s, t, 3.0), logit_loss])
def test_a_single_number_is_followed_by_its_squared_error(loss) -> None:
    student, teacher = logits(0, 5, 1), logits(1, 5, 1)
    assert torch.allclose(loss(student, teacher), ((student - teacher) ** 2).mean())
    layers = probe_loss(student[:, None], teacher[:, None])
    assert torch.allclose(layers, loss(student, teacher))


def test_logit_loss_averages_over_batch_and_classes() -> None:
    assert logit_loss(torch.tensor([[1.0, 2.0]]), torch.tensor([[0.0, 4.0]])).item() == 2.5


def test_a_copy_of_the_teacher_has_no_gradient() -> None:
    """All three terms are stationary where student and teacher agree."""
    teacher = logits(3, 5, 2, 3)
    student = teacher.clone().requires_grad_()
    loss = (
        0.5 * kd_loss(student[:, 0], teacher[:, 0], 2.0)
        + 0.25 * probe_loss(student, teacher)
        + 0.25 * logit_loss(student[:, 0], teacher[:, 0])
    )
    loss.backward()
    assert student.grad is not None
    assert student.grad.abs().max() < 1e-6


@pytest.mark.parametrize("term", [kd_loss, probe_loss, logit_loss])
def test_the_teacher_never_gets_a_gradient(term) -> None:
    teacher = logits(1, 5, 3, 3).requires_grad_()
    student = logits(0, 5, 3, 3).requires_grad_()
    values = (student, teacher) if term is probe_loss else (student[:, 0], teacher[:, 0])
    arguments = (2.0,) if term is kd_loss else ()
    term(*values, *arguments).backward()
    assert teacher.grad is None
    assert student.grad is not None


@pytest.mark.parametrize(
    ("blocks", "layers"),
    [
        (3, (4, 8, 12)),
        (4, (3, 6, 9, 12)),
        (5, (3, 5, 8, 10, 12)),
        (6, (2, 4, 6, 8, 10, 12)),
        (7, (2, 4, 6, 7, 9, 11, 12)),
        (8, (2, 3, 5, 6, 8, 9, 11, 12)),
    ],
)
def test_rounded_up_the_last_block_follows_the_last_layer(blocks, layers) -> None:
    assert followed_layers("ceil", blocks, 12) == layers


@given(st.sampled_from(sorted(RULES)), st.integers(1, 24), st.integers(1, 24))
def test_every_rule_rises_within_the_teacher(rule: str, student: int, teacher: int) -> None:
    if rule in ("skip", "last"):  # rules for students that are a shorter teacher
        student = min(student, teacher)
    layers = followed_layers(rule, student, teacher)
    assert list(layers) == sorted(layers)
    assert all(0 <= layer <= teacher for layer in layers)
    assert len(layers) == student - (rule in ("skip", "last"))


def test_readouts_follow_in_strides_from_the_embedding() -> None:
    assert followed_layers("from-embedding", 4, 12) == (0, 3, 6, 9)
    assert followed_layers("from-embedding", 13, 12) == (0,) * 13  # a stride below one is none
    strides = followed_layers("stride", 5, 12)
    assert followed_layers("from-embedding", 5, 12)[1:] == strides[:-1]


def test_every_probe_reads_its_layer() -> None:
    probes, x = StudentProbes(2, 4, 3), [logits(i, 5, 4) for i in range(3)]
    found = probes(x)
    assert found.shape == (5, 2, 3)
    assert torch.equal(found[:, 1], probes.heads[1](x[1]))


def test_blocks_are_seen_at_their_largest_real_positions() -> None:
    shell = build(TINY_ARCHITECTURE.to_json(), BLUEPRINT, 0).eval()
    batch = take(EncodedTexts(a_lesson().texts.ids, np.arange(60) % 7 + 2), np.arange(60), CPU)
    seen = Reader(shell).see(batch)
    logits, states = shell.student(batch.ids, batch.mask)
    assert torch.equal(seen.logits, logits)
    assert len(seen.states) == Sizes.of(shell).layers == 1
    assert torch.equal(seen.states[0], masked_max(states[1], batch.mask))
    real = [states[0][i, : n + 2].mean(dim=0) for i, n in enumerate(np.arange(60) % 7)]
    assert torch.allclose(seen.embedded, torch.stack(real), atol=1e-6)


def a_lesson() -> Lesson:
    """60 texts whose class is told by one token, with a teacher that knows it."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    ids = rng.integers(10, 50, (60, 8)).astype(np.int32)
    ids[:, 3] = truth + 1
    teacher = (6.0 * np.eye(3)[truth] - 2.0).astype(np.float32)
    signals = {"logits": teacher, "probe_logits": np.repeat(teacher[:, None], 4, axis=1)}
    return Lesson(EncodedTexts(ids, np.full(60, 8)), truth.tolist(), signals)


def trained(seed: int = 0, **changes: object) -> tuple[Student, float]:
    settings = DistillSettings(epochs=20, learning_rate=5e-3, batch_size=16, rosearch=changes)
    shell = build(TINY_ARCHITECTURE.to_json(), BLUEPRINT, seed)
    return shell.student, distill(shell, a_lesson(), recipe_of(settings), seed)


def test_a_student_learns_what_the_teacher_knows() -> None:
    (student, loss), lesson = trained(), a_lesson()
    with torch.inference_mode():
        mask = torch.ones(60, 8, dtype=torch.bool)
        found = student(torch.from_numpy(lesson.texts.ids).long(), mask)[0].numpy()
    assert (found.argmax(1) == np.array(lesson.labels)).mean() > 0.95
    assert not student.training
    assert loss < 1.0


def test_equal_seeds_give_equal_students_and_others_do_not() -> None:
    first, second, other = (trained(seed)[0].classifier.weight for seed in (4, 4, 5))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("clip", [1e6, 0.05])
def test_few_rows_train_as_the_whole_tables_do(clip: float) -> None:
    """Bit for bit; where the clipping acts, but for the order in which the norm is summed."""
    texts = a_lesson().texts
    students = []
    for few in (True, False):
        torch.manual_seed(0)
        student = Student(TINY_ARCHITECTURE, SHAPE).train()
        used = only_rows_of(student.embedding, texts.ids) if few else nullcontext(texts.ids)
        with used as ids:
            shown = EncodedTexts(ids, texts.lengths)

            def loss_of(index: np.ndarray, student=student, shown=shown) -> torch.Tensor:
                batch = take(shown, index, torch.device("cpu"))
                return student(batch.ids, batch.mask)[0].square().mean()

            plan = epoch_plan(texts.lengths, 16, 10, np.random.default_rng(0))
            fit(decay_groups(student), plan, loss_of, Schedule(5e-3, weight_decay=0.1, clip=clip))
        students.append(student.state_dict())
    for name, value in students[0].items():
        if clip > 1:
            assert torch.equal(value, students[1][name]), name
        else:
            assert torch.allclose(value, students[1][name], rtol=1e-4, atol=1e-6), name


def test_words_that_no_text_uses_keep_their_start() -> None:
    torch.manual_seed(0)
    start = Student(TINY_ARCHITECTURE, SHAPE).embedding
    student, _ = trained()
    used = np.zeros(SHAPE.vocabulary, dtype=bool)
    used[a_lesson().texts.ids] = True
    moved = (student.embedding.words.weight != start.words.weight).any(dim=1).numpy()
    assert (moved == used).all()
    assert torch.equal(student.embedding.positions.weight[8:], start.positions.weight[8:])


def test_weights_choose_the_terms() -> None:
    """With the logit term alone the loss falls to the noise of dropout, far below the others."""
    only_logits = trained(kd_weight=0.0, probe_weight=0.0, logit_weight=1.0)[1]
    only_probes = trained(kd_weight=0.0, probe_weight=1.0, logit_weight=0.0)[1]
    p = torch.softmax(torch.from_numpy(a_lesson().signals["probe_logits"][:, :1]), dim=-1)
    entropy = float(-(p * p.log()).sum(dim=(1, 2)).mean())
    assert only_probes >= entropy
    assert only_logits != pytest.approx(only_probes)


def test_without_a_last_probe_one_block_has_none() -> None:
    assert np.isfinite(trained(probe_last=False)[1])

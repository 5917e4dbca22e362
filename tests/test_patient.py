"""PKD: which layers are followed, the loss on hidden states, and what a student is made of."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kdnas.config import Config, DistillSettings
from kdnas.distillation import distill, followed_layers, patient_loss, recipe_of
from kdnas.errors import UserError
from kdnas.tasks import Task
from kdnas.teachers import (
    Teacher,
    first_layers,
    lesson_of,
    load_classifier,
    logits_and_layers,
)
from kdnas.training import choose_device, encode


def test_followed_layers_are_those_of_the_paper() -> None:
    assert followed_layers("skip", 6, 12) == (2, 4, 6, 8, 10)
    assert followed_layers("last", 6, 12) == (7, 8, 9, 10, 11)
    assert followed_layers("last", 3, 12) == (10, 11)
    assert followed_layers("skip", 1, 12) == ()


@given(st.integers(1, 24), st.data(), st.sampled_from(["skip", "last"]))
def test_followed_layers_rise_and_leave_out_the_last(teacher: int, data, follow) -> None:
    student = data.draw(st.integers(1, teacher))
    layers = followed_layers(follow, student, teacher)
    assert len(layers) == student - 1
    assert list(layers) == sorted(set(layers) & set(range(1, teacher)))


def test_the_patient_loss_is_that_of_unit_vectors() -> None:
    student, teacher = torch.randn(2, 5, 3, 8, dtype=torch.float64).unbind()
    expected = 0.0
    for s, t in zip(student.reshape(-1, 8), teacher.reshape(-1, 8), strict=True):
        expected += float(((s / s.norm() - t / t.norm()) ** 2).sum()) / (5 * 3 * 8)
    assert float(patient_loss(student, teacher)) == pytest.approx(expected)
    assert patient_loss(7 * student, teacher / 3) == pytest.approx(expected)
    assert patient_loss(student, -student) == pytest.approx(4 / 8)
    assert patient_loss(student, 2 * student) == pytest.approx(0)
    assert patient_loss(student[:, :0], teacher[:, :0]) == 0


def test_the_teacher_of_the_patient_loss_is_a_constant() -> None:
    student, teacher = torch.randn(2, 4, 2, 8).unbind()
    student, teacher = student.clone().requires_grad_(), teacher.clone().requires_grad_()
    patient_loss(student, teacher).backward()
    assert student.grad is not None
    assert teacher.grad is None


SETTINGS = ("teacher.epochs=25", "teacher.learning_rate=2e-3")


def states(model, teacher: Teacher, task: Task) -> tuple[np.ndarray, np.ndarray]:
    texts = encode(teacher.tokenizer(), task.train.texts, 32)
    return logits_and_layers(model, texts, choose_device())


def first_of(config: Config, task: Task, layers: int | None, seed: int = 0):
    return first_layers(config.teacher.model, task.label_names, layers, seed, choose_device())


def taught(config: Config, task: Task, teacher: Teacher, seed: int, **changes):
    settings = {"learning_rate": 2e-3, "epochs": 15, **changes}
    recipe = recipe_of(DistillSettings(pkd=settings), "pkd")
    lesson = lesson_of(config.teacher, teacher, task, recipe)
    student = first_of(config, task, 2, seed)
    distill(student, lesson, recipe, seed, goes_on=True)
    return student


def test_a_student_begins_with_the_first_layers(config, task) -> None:
    student = first_of(config, task, None)
    assert student.config.num_hidden_layers == 1
    assert student.config.id2label == dict(enumerate(task.label_names))
    whole = load_classifier(config.teacher.model).state_dict()
    kept = {n: v for n, v in student.state_dict().items() if not n.startswith("classifier")}
    assert any("encoder.layer.0" in name for name in kept)
    assert all(torch.equal(value, whole[name]) for name, value in kept.items())


def test_a_student_learns_and_its_seed_decides(config, task, teacher) -> None:
    first, again, other = (
        states(taught(config, task, teacher, seed), teacher, task)[0] for seed in (0, 0, 1)
    )
    assert (first.argmax(1) == np.array(task.train.labels)).mean() > 0.75
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_patience_brings_the_states_nearer(config, task, teacher) -> None:
    def distance(beta: float) -> float:
        student = taught(config, task, teacher, 0, beta=beta, epochs=30)
        pair = (states(model, teacher, task)[1] for model in (student, elder))
        return float(patient_loss(*(torch.from_numpy(layers[:, 1:2]) for layers in pair)))

    elder = teacher.load(choose_device())
    assert distance(1000) < 0.5 * distance(0)


@pytest.mark.parametrize("layers", [0, 3])
def test_a_student_has_no_more_layers_than_its_teacher(config, task, layers: int) -> None:
    with pytest.raises(UserError, match=r"teacher with 2: take 1 to 2"):
        first_of(config, task, layers)

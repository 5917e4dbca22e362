"""Every method on every kind of student, with classes and with numbers, or a line that says why."""

import pytest
import torch
from every_student import LAYERS, STUDENTS, WIDTH, a_lesson, a_step, learner

from kdnas.config import DistillSettings
from kdnas.distillation import Sizes, distill, recipe_of
from kdnas.errors import UserError
from kdnas.methods import METHODS, Learner

SETTINGS = DistillSettings(epochs=2, learning_rate=1e-3, batch_size=12)
ATTENTIVE = DistillSettings(
    epochs=1, learning_rate=1e-3, batch_size=12, general={"attention_weight": 2.0}
)


def trains(settings: DistillSettings, name: str, kind: str, classes: int) -> None:
    """Every tensor of the student moves that its logits depend on, and none of the teacher's."""
    lesson, teacher = a_lesson(classes)
    student = STUDENTS[kind](classes)
    before = {n: p.detach().clone() for n, p in student.named_parameters()}
    theirs = {n: p.detach().clone() for n, p in teacher.named_parameters()}
    signals = {n: array.copy() for n, array in lesson.signals.items()}
    loss = distill(student, lesson, recipe_of(settings, name), seed=0)
    assert 0 < loss < 1e3
    still = [n for n, p in student.named_parameters() if torch.equal(p, before[n])]
    assert not [n for n in still if "segment" not in n and "token_type" not in n]
    for n, p in teacher.named_parameters():
        assert p.grad is None, n
        assert torch.equal(p, theirs[n]), n
    assert all((lesson.signals[n] == array).all() for n, array in signals.items())


@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("name", METHODS)
def test_every_method_teaches_every_student(name: str, kind: str, classes: int) -> None:
    who = learner(kind, classes)
    reason = METHODS[name].refuses(SETTINGS.table(name), who)
    if reason is None:
        trains(SETTINGS, name, kind, classes)
    else:
        with pytest.raises(UserError, match=f"cannot teach {kind}: {reason}; those that can: "):
            SETTINGS.require_teachable(name, who)
        assert name in ("label-smoothing", "teacher-free", "ard")
        assert classes == 1


@pytest.mark.parametrize("kind", STUDENTS)
def test_attention_is_compared_of_transformers_alone(kind: str) -> None:
    who = learner(kind, 3)
    assert (METHODS["general"].refuses(ATTENTIVE.table("general"), who) is None) == who.attention
    if who.attention:
        trains(ATTENTIVE, "general", kind, 3)
        return
    with pytest.raises(UserError, match="maps of attention") as caught:
        trains(ATTENTIVE, "general", kind, 3)
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="only a transformer has in every layer; those that can"):
        ATTENTIVE.require_teachable("general", who)


def test_what_goes_on_with_a_trained_model_is_no_method_of_a_search() -> None:
    with pytest.raises(UserError, match="goes on with a model that is trained already; those"):
        SETTINGS.require_teachable("adversarial", Learner())


@pytest.mark.parametrize("kind", STUDENTS)
def test_every_student_is_seen_alike(kind: str) -> None:
    student = STUDENTS[kind](3).eval()
    sizes, own = Sizes.of(student), a_step(student, a_lesson(3)[0]).own
    assert own.logits.shape == (24, 3) == (24, sizes.classes)
    assert [tuple(state.shape) for state in own.states] == [(24, sizes.width)] * sizes.layers
    assert len(own.hidden) == 1 + sizes.layers
    assert own.embedded.shape == (24, sizes.width)
    assert sizes.has_readouts == (kind == "cells")
    if sizes.has_readouts:
        assert torch.equal(own.readouts[:, -1], own.logits)


def test_the_sizes_of_a_teacher_are_those_of_its_signals() -> None:
    lesson, teacher = a_lesson(3)
    assert Sizes.of(teacher) == Sizes.of_signals(lesson.signals) == Sizes(LAYERS, WIDTH, 3)
    assert Sizes.of_signals({}) == Sizes(0, 0, 0)

"""Every method on every kind of student, with classes and with numbers, or a line that says why."""

import pytest
import torch
from every_student import LAYERS, STUDENTS, WIDTH, a_lesson, a_step, a_student_of_cells, learner

from kdnas.adabert import CellArchitecture
from kdnas.config import DistillSettings
from kdnas.distillation import Sizes, distill, recipe_of
from kdnas.errors import UserError
from kdnas.methods import METHODS, Learner

SETTINGS = DistillSettings(epochs=2, learning_rate=1e-3, batch_size=12)
ATTENTIVE = DistillSettings(
    epochs=1, learning_rate=1e-3, batch_size=12, general={"attention_weight": 2.0}
)

SEGMENTS = ("segments.weight", "token_type_embeddings.weight")
"""Endings of the tables that single texts use the first row of."""


def trains(
    settings: DistillSettings, name: str, kind: str, classes: int, pairs: bool = False
) -> None:
    """Every tensor of the student moves that its logits depend on, and none of the teacher's."""
    lesson, teacher = a_lesson(classes, pairs)
    student = STUDENTS[kind](classes)
    before = {n: p.detach().clone() for n, p in student.named_parameters()}
    theirs = {n: p.detach().clone() for n, p in teacher.named_parameters()}
    signals = {n: array.copy() for n, array in lesson.signals.items()}
    loss = distill(student, lesson, recipe_of(settings, name), seed=0)
    assert 0 < loss < 1e3
    still = [n for n, p in student.named_parameters() if torch.equal(p, before[n])]
    assert not [n for n in still if not n.endswith(SEGMENTS)]
    if pairs and kind != "cells":  # which know no segments
        table = next(p for n, p in student.named_parameters() if n.endswith(SEGMENTS))
        first = next(p for n, p in before.items() if n.endswith(SEGMENTS))
        assert (table[:2] != first[:2]).any(dim=1).all()
    for n, p in teacher.named_parameters():
        assert p.grad is None, n
        assert torch.equal(p, theirs[n]), n
    assert all((lesson.signals[n] == array).all() for n, array in signals.items())


@pytest.mark.parametrize("pairs", [False, True], ids=["texts", "pairs"])
@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("name", METHODS)
def test_every_method_teaches_every_student(
    name: str, kind: str, classes: int, pairs: bool
) -> None:
    who = learner(kind, classes)
    reason = METHODS[name].refuses(SETTINGS.table(name), who)
    if reason is None:
        trains(SETTINGS, name, kind, classes, pairs)
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


@pytest.mark.parametrize("name", ["pkd", "ckd", "alp", "general", "kd", "adabert"])
def test_an_embedding_alone_has_no_layer_to_compare(name: str) -> None:
    student = a_student_of_cells(CellArchitecture(0, 16, ()), 3)
    recipe = recipe_of(SETTINGS, name)
    if name in ("kd", "adabert"):
        assert distill(student, a_lesson(3)[0], recipe, seed=0) > 0
        return
    with pytest.raises(UserError, match="an embedding alone has no layer") as caught:
        distill(student, a_lesson(3)[0], recipe, seed=0)
    assert "\n" not in str(caught.value)


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

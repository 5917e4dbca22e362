"""Methods that learn from rewritten texts besides MATE-KD: their formulas, and who moves whom."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from every_student import STUDENTS, a_lesson
from test_generator import with_generator
from torch.nn import functional as F

from kdnas.cli.dry_run import print_dry_run
from kdnas.config import Config, DistillSettings
from kdnas.distillation import Generator, Reader, Recipe, Step, distill, needs_of, recipe_of
from kdnas.distillation.rewriting import climb, objective_of
from kdnas.methods import GeneratorSettings
from kdnas.training import Batch

METHODS = ("combined", "adversarial-text")
UPHILL = GeneratorSettings(generator_rate=1e-2, masked=0.6)


def a_recipe(method: str, **own: Any) -> Recipe:
    common = {"epochs": 2, "batch_size": 10, "learning_rate": 1e-3}
    return recipe_of(DistillSettings(**common, **{method: own}), method)


def a_step_of(method: str, kind: str, classes: int = 3) -> tuple[Step, Batch]:
    """Text without a teacher has none."""
    step, batch = with_generator(kind, classes)
    return (step if method == "combined" else replace(step, teacher=None)), batch


def objective(method: str, step: Step) -> Any:
    if method == "combined":
        return F.mse_loss
    return lambda own: F.cross_entropy(own, step.labels)


def error(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """What true labels say of logits."""
    if labels.is_floating_point():
        return F.mse_loss(logits[:, 0], labels)
    return F.cross_entropy(logits, labels)


@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("method", METHODS)
def test_it_is_its_formula(method: str, kind: str, classes: int) -> None:
    step, batch = a_step_of(method, kind, classes)
    assert step.generator is not None
    recipe = a_recipe(method, generator_steps=0)
    step = replace(step, number=1, steps=10, epochs=10)
    torch.manual_seed(4)
    found = sum(term.weighted(step, None) for term in recipe[0].terms).item()
    torch.manual_seed(4)
    shown = step.generator.rewritten(batch, 0.3)
    assert not torch.equal(shown.ids, batch.ids)
    own = step.own.reader.see(shown).logits
    if method == "combined":
        assert step.teacher is not None
        phi, theirs = 0.2, step.teacher.see(shown).logits  # the second of ten
        pairs = ((step.logits, step.signal("logits")), (own, theirs))
        expected = sum(0.5 * ((a - phi * b) ** 2).mean().item() for a, b in pairs)
    else:
        expected = sum(0.5 * error(z, step.labels).item() for z in (step.logits, own))
    assert found == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", STUDENTS)
@pytest.mark.parametrize("method", METHODS)
def test_its_generator_climbs_and_nobody_else_moves(method: str, kind: str) -> None:
    step, batch = a_step_of(method, kind)
    if method == "adversarial-text":  # words have to mean something
        settings = DistillSettings(epochs=20, batch_size=8, learning_rate=3e-3)
        distill(step.own.reader.model, step.lesson, recipe_of(settings, "finetune"), seed=0)
        step.own.reader.model.zero_grad()
    up = objective(method, step)
    readers: list[Reader] = [r for r in (step.own.reader, step.teacher) if r is not None]
    states = [{n: v.clone() for n, v in r.model.state_dict().items()} for r in readers]

    def height() -> float:
        found = []
        for seed in range(8):
            torch.manual_seed(seed)
            found.append(objective_of(step, batch, UPHILL, up).item())
        return float(np.mean(found))

    before = height()
    for _ in range(25):
        climb(step, batch, UPHILL, up)
    assert height() > 1.02 * before
    for reader, state in zip(readers, states, strict=True):
        assert all(p.grad is None for p in reader.model.parameters())
        assert all(torch.equal(v, state[n]) for n, v in reader.model.state_dict().items())


@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_the_student_never_reaches_generator_or_teacher(method: str) -> None:
    step, _ = a_step_of(method, "of the space")
    assert step.generator is not None
    a_recipe(method, generator_steps=0)[0].terms[-1].loss(step).backward()
    others = [step.generator.model, *([step.teacher.model] if step.teacher else [])]
    assert all(p.grad is None for model in others for p in model.parameters())
    assert step.own.reader.model.get_input_embeddings().weight.grad.abs().sum() > 0


@pytest.mark.parametrize("method", METHODS)
def test_what_it_asks_for(method: str) -> None:
    usual, nothing = needs_of(a_recipe(method)), needs_of(a_recipe(method, masked=0.0))
    if method == "combined":
        assert (usual, nothing) == (("logits", "teacher", "generator"), ("logits",))
    else:
        assert (usual, nothing) == (("generator",), ())


@pytest.mark.parametrize("method", METHODS)
def test_the_generator_has_its_turns_in_the_stage_that_rewrites(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[float] = []
    monkeypatch.setattr(Generator, "climb", lambda self, objective, rate: made.append(rate))
    first, *rest = a_recipe(method, generator_steps=2, cycle=3)
    first = replace(first, schedule=replace(first.schedule, epochs=2))  # six steps
    distill(STUDENTS["cells"](3), a_lesson(3)[0], (first, *rest), seed=0)
    assert made == [5e-7] * 4


def test_one_temperature_is_plain_regression_of_logits() -> None:
    first, _ = a_recipe("combined", temperatures=1, masked=0.0)
    alone = recipe_of(
        DistillSettings(
            epochs=2, batch_size=10, learning_rate=1e-3,
            rosearch={"kd_weight": 0.0, "probe_weight": 0.0, "logit_weight": 1.0},
        ),
        "rosearch",
    )  # fmt: skip
    states = []
    for stage in (first, replace(alone[0], schedule=first.schedule)):
        student = STUDENTS["of the space"](3)
        distill(student, a_lesson(3)[0], (stage,), seed=2)
        states.append(student.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_dry_run_times_a_generator_as_often_as_it_has_its_turn(
    config: Config, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = config.model_dump(mode="json")
    values["distill"] |= {"method": "combined", "epochs": 12, "combined": {"cycle": 30}}
    turns: list[float] = []
    climbs = Generator.climb

    def counted(self: Generator, objective: torch.Tensor, rate: float) -> None:
        turns.append(rate)
        climbs(self, objective, rate)

    monkeypatch.setattr(Generator, "climb", counted)
    print_dry_run(Config.model_validate(values), 1, "kdnas resources")
    said = capsys.readouterr().out
    assert "(distillation " in said
    assert turns == [5e-7] * 4  # a third of the 5 steps of each of two trainings

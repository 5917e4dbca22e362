"""Chains: who is trained before a student, once, and the limits in which nobody is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from every_student import STUDENTS, a_lesson
from heavy import TINY_ARCHITECTURE, tiny_config
from hypothesis import given
from hypothesis import strategies as st

from kdnas.config import Config, DistillSettings
from kdnas.distillation import chain_of, distill, joined, recipe_of, schedule_of, teach
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, prepare
from kdnas.methods import METHODS, Chain, Link
from kdnas.records import Evaluation, Job
from kdnas.teachers import (
    SIGNALS,
    Teacher,
    first_layers,
    lesson_of,
    load_trained_classifier,
    require_chain,
    taught_chain,
    teacher_signals,
)
from kdnas.training import first_steps

SETTINGS = ("teacher.epochs=3",)
LINKS = {
    "takd": {"assistants": (2, 1)},
    "reverse-kd": {"layers": 1},
    "defective": {"steps": 0.2},
}


def with_method(config: Config, method: str, **own: Any) -> Config:
    values = config.model_dump(mode="json")
    values["distill"] |= {"method": method, method: own}
    return Config.model_validate(values)


def evaluated(config: Config, folder: Path) -> Evaluation:
    found = Evaluator(config, folder)(Job(0, TINY_ARCHITECTURE, seed=3))
    assert isinstance(found, Evaluation)
    return replace(found, train_seconds=0.0, attack_seconds=0.0)


def test_chains_are_values() -> None:
    found = {name: METHODS[name].chain(METHODS[name].settings()) for name in METHODS}
    assert found["takd"].links == (Link("half"),)
    assert found["reverse-kd"].links == (Link("half", taught=False), Link("all"))
    assert found["defective"].links == (Link("all", taught=False, steps=0.1),)
    assert (found["self-distillation"].generations, found["self-distillation"].alone) == (1, True)
    assert (found["born-again"].generations, found["born-again"].alone) == (2, False)
    longer = {name for name, chain in found.items() if chain.links or chain.generations}
    assert longer == {*LINKS, "self-distillation", "born-again"}


@pytest.mark.parametrize(
    ("method", "own"), [("takd", {"assistants": ()}), ("born-again", {"generations": 1})]
)
def test_with_nobody_between_it_is_kd_to_the_last_digit(
    method: str, own: dict[str, Any], config: Config, tmp_path: Path
) -> None:
    kd = evaluated(with_method(config, "kd"), tmp_path / "kd")
    assert evaluated(with_method(config, method, **own), tmp_path / method) == kd
    assert evaluated(with_method(config, method), tmp_path / "usual") != kd


def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on no transformer may be trained."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr("kdnas.teachers.chain.distill", never)
    monkeypatch.setattr("kdnas.teachers.finetune.fit", never)


@pytest.mark.parametrize("method", LINKS)
def test_a_run_trains_its_chain_once_before_its_workers(
    method: str, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, stages = with_method(config, method, **LINKS[method]), []
    first = prepare(own, stages.append)
    assert stages == ["data", "teacher", "assistants", "signals"]
    untrained(monkeypatch)
    again = evaluated(own, tmp_path / "students")  # as a worker does, which prepares too
    assert np.isfinite(again.loss)
    usual = prepare(with_method(config, "kd"))
    assert first.teacher.identity == usual.teacher.identity
    assert not np.array_equal(first.lesson.signals["logits"], usual.lesson.signals["logits"])


@pytest.mark.parametrize("method", LINKS)
def test_what_a_chain_trains_is_a_teacher(method: str, config: Config) -> None:
    own = with_method(config, method, **LINKS[method])
    prepared = prepare(own)
    chain = chain_of(own.distill)
    last = taught_chain(own.teacher, prepared.teacher, prepared.task, chain)
    model, _ = load_trained_classifier(last.folder)
    layers = chain.links[-1].layers
    assert model.config.num_hidden_layers == (2 if layers == "all" else layers)
    signals = teacher_signals(own.teacher, last, prepared.task, SIGNALS)
    texts, layers = len(prepared.task.train), model.config.num_hidden_layers
    assert signals["states"].shape == (texts, layers + 1, 32)
    assert np.array_equal(signals["logits"], prepared.lesson.signals["logits"])
    assert last.tokenizer().get_vocab() == prepared.tokenizer.get_vocab()


def test_an_assistant_learns_from_the_one_before(config: Config, teacher: Teacher, task) -> None:
    """Its recipe is KD with the answers of its source, at the rate of a teacher."""
    chain = with_method(config, "takd", assistants=[2, 1], share=1.0).distill.table("takd").chain
    first, last = (
        taught_chain(config.teacher, teacher, task, replace(chain, links=chain.links[:n]))
        for n in (1, 2)
    )
    for source, expected in ((teacher, first), (first, last)):
        schedule = replace(
            schedule_of(config.distill), learning_rate=config.teacher.learning_rate, epochs=3
        )
        recipe = recipe_of(with_method(config, "kd", share=1.0).distill, schedule=schedule)
        lesson = lesson_of(config.teacher, source, task, recipe)
        layers = 2 if expected is first else 1
        device = torch.device("cpu")
        model = first_layers(config.teacher.model, task.label_names, layers, 0, device)
        distill(model, lesson, recipe, config.teacher.seed, goes_on=True)
        found = expected.load(device).state_dict()
        assert all(torch.equal(value, found[name]) for name, value in model.state_dict().items())


def test_an_assistant_larger_than_the_teacher_is_refused_before_any_training(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrained(monkeypatch)
    stages: list[str] = []
    message = r"assistant of 3 layers is larger than the teacher, which has 2: name 1 to 2 layers"
    with pytest.raises(UserError, match=message) as caught:
        prepare(with_method(config, "takd", assistants=[1, 3]), stages.append)
    assert "\n" not in str(caught.value)
    assert stages == ["data"]
    require_chain(config.teacher, Chain((Link(2), Link("half"), Link("all"))))


def test_a_chain_of_a_finished_teacher_is_trained_as_long_as_a_teacher_would(
    config: Config, teacher: Teacher, task
) -> None:
    finished = config.teacher.model_copy(update={"epochs": 0, "model": str(teacher.folder)})
    last = taught_chain(finished, teacher, task, Chain((Link(1),)))
    weights = last.load(torch.device("cpu")).state_dict()
    before = teacher.load(torch.device("cpu")).state_dict()
    assert any(not torch.equal(value, before[name]) for name, value in weights.items())


def generations(chain: Chain, **own: Any) -> tuple[list[int], Any, float]:
    """The seeds of the trainings, the student and its loss."""
    settings = DistillSettings(epochs=2, learning_rate=1e-3, batch_size=10, kd=own)
    seeds: list[int] = []

    def make(seed: int) -> Any:
        seeds.append(seed)
        torch.manual_seed(seed)
        student = STUDENTS["of the space"](3)
        torch.nn.init.normal_(student.student.classifier.weight)
        return student

    return seeds, *teach(make, a_lesson(3)[0], recipe_of(settings, "kd"), 7, chain)


def test_every_generation_has_a_seed_of_its_own_and_the_last_the_student_s() -> None:
    seeds, _, _ = generations(Chain(generations=3))
    assert seeds[-1] == 7
    assert len(set(seeds)) == 4
    assert seeds == generations(Chain(generations=3))[0]
    assert seeds[:2] == generations(Chain(generations=2))[0][:2]


def test_the_last_generation_depends_on_those_before_it() -> None:
    found = {
        chain: generations(chain, share=1.0)[2]
        for chain in (
            Chain(),
            Chain(generations=1),
            Chain(generations=2),
            Chain(generations=2, ensemble=True),
            Chain(generations=1, alone=True),
        )
    }
    assert len(set(found.values())) == len(found)


def test_self_distillation_does_not_hear_the_teacher() -> None:
    """Other answers of the teacher change nothing."""
    lesson, _ = a_lesson(3)
    other = replace(lesson, signals={**lesson.signals, "logits": -lesson.signals["logits"]})
    recipe = recipe_of(DistillSettings(epochs=1, batch_size=10), "self-distillation")
    chain = METHODS["self-distillation"].settings().chain

    def loss(of: Any, chain: Chain) -> float:
        return teach(lambda seed: STUDENTS["of the space"](3), of, recipe, 0, chain)[1]

    assert loss(lesson, chain) == loss(other, chain)
    assert loss(lesson, Chain(generations=1)) != loss(other, Chain(generations=1))


@given(st.integers(0, 10**6), st.integers(1, 4))
def test_an_ensemble_answers_with_the_mean_of_shares(seed: int, models: int) -> None:
    answers = list(3 * np.random.default_rng(seed).normal(size=(models, 5, 3)))
    shares = np.mean([torch.from_numpy(a).softmax(1).numpy() for a in answers], axis=0)
    assert np.allclose(np.exp(joined(answers)), shares)
    numbers = [a[:, :1] for a in answers]
    assert np.array_equal(joined(numbers), np.mean(numbers, axis=0))


@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.01, 1.0))
def test_a_stopped_training_makes_its_first_steps(epochs: int, batches: int, share: float) -> None:
    plan = [[np.array([10 * e + b]) for b in range(batches)] for e in range(epochs)]
    kept = [int(index[0]) for some in first_steps(plan, share) for index in some]
    whole = [int(index[0]) for some in plan for index in some]
    assert kept == whole[: len(kept)]
    assert len(kept) == max(round(share * len(whole)), 1)
    assert all(first_steps(plan, share))


def test_a_worse_teacher_has_made_fewer_steps(
    config: Config, teacher: Teacher, task, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kdnas.distillation import train

    counted: list[int] = []
    fit: Callable[..., float] = train.fit

    def noted(parameters: Any, plan: Any, *others: Any) -> float:
        counted.append(sum(map(len, plan)))
        return fit(parameters, plan, *others)

    monkeypatch.setattr(train, "fit", noted)
    taught_chain(config.teacher, teacher, task, Chain((Link("all", taught=False, steps=0.3),)))
    assert counted == [round(0.3 * 3 * 5)]  # of three epochs of five batches


def test_a_comparison_trains_by_a_chain(config: Config, tmp_path: Path) -> None:
    from kdnas.comparison import TEACHER, Model
    from kdnas.comparison.folder import ModelFolder
    from kdnas.comparison.trainer import Trainer
    from kdnas.training import choose_device

    prepared = prepare(config)
    folder = ModelFolder(tmp_path, prepared.tokenizer, config.student.max_length, choose_device())
    train = Trainer(config, prepared, folder)
    losses = set()
    for method in ("kd", "takd", "born-again"):
        model = Model(method, 1, "searched", method, TEACHER, TINY_ARCHITECTURE.to_json())
        losses.add(train(model, prepared.task, 0).loss)
    assert len(losses) == 3


def test_tiny_runs_of_every_chain_take_their_settings(tiny_teacher: Path) -> None:
    config = tiny_config(tiny_teacher, "distill.method=takd", "distill.takd.assistants=[2, 1]")
    assert chain_of(config.distill).links == (Link(2), Link(1))
    with pytest.raises(UserError, match=r"distill\.takd\.assistants"):
        tiny_config(tiny_teacher, "distill.takd.assistants=[0]")
    with pytest.raises(UserError, match=r"distill\.defective\.steps"):
        tiny_config(tiny_teacher, "distill.defective.steps=0.0")

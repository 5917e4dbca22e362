"""Methods of distillation: the registry, a user's own, and what each may teach."""

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from heavy import TINY_ARCHITECTURE
from torch import nn
from torch.nn import functional as F

from kdnas.cli.app import app
from kdnas.config import Config, DistillSettings, load_config
from kdnas.config.load import as_toml, difference
from kdnas.config.section import LOADING, STORED
from kdnas.distillation import (
    ATTACKED,
    AUGMENTED,
    GENERATOR,
    LIVE,
    NEIGHBOURS,
    TEAM_LOGITS,
    Sizes,
    Stage,
    Term,
    distill,
    needs_of,
    recipe_of,
    schedule_of,
)
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, fresh_student, prepare
from kdnas.methods import METHODS, Learner
from kdnas.records import ATTACKS, Evaluation, Job
from kdnas.reproduce.models import GROWING
from kdnas.runs import require_same
from kdnas.teachers import SIGNALS, teacher_signals

MADE = (ATTACKED, AUGMENTED, GENERATOR, LIVE, NEIGHBOURS)
JOB = Job(0, TINY_ARCHITECTURE, seed=3)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_a_recipe(name: str) -> None:
    settings = DistillSettings(learning_rate=0.25, batch_size=7, clip=3)
    recipe = recipe_of(settings, name)
    assert recipe
    assert set(needs_of(recipe)) <= {*SIGNALS, *MADE, TEAM_LOGITS}
    for stage in recipe:
        assert stage.terms
        common = (stage.schedule.batch_size, stage.schedule.clip, stage.schedule.warmup)
        assert common == (7, 3, settings.warmup)


@pytest.mark.parametrize("name", METHODS)
def test_the_table_says_what_a_method_learns_from(name: str) -> None:
    method, recipe = METHODS[name], recipe_of(DistillSettings(), name)
    assert set(method.uses) - {"labels"} == set(needs_of(recipe))
    assert method.family
    assert method.source
    assert method.cost
    assert method.about


def said(capsys: pytest.CaptureFixture[str], *name: str) -> list[str]:
    """The lines of `kdnas methods`."""
    app(["methods", *name], standalone_mode=False)
    return capsys.readouterr().out.splitlines()


def test_the_command_lists_every_method_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys)
    assert max(map(len, lines)) <= 80
    shown = " ".join(" ".join(lines).split())
    for name in METHODS:
        method = METHODS[name]
        assert f" {name} {method.about} {method.source}; learns from " in shown
    assert len([line for line in lines if not line.startswith(" ")]) == len(
        {METHODS[name].family for name in METHODS}
    )


@pytest.mark.parametrize("name", METHODS)
def test_the_command_writes_settings_as_they_are_given(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written = [line.split("--set ")[1] for line in said(capsys, name) if "--set" in line]
    choice, *settings = written
    assert choice == f"distill.method={name}"
    assert load_config(overrides=settings) == Config()
    assert len(settings) == len(vars(METHODS[name].settings()))


def test_the_command_knows_no_other_method() -> None:
    with pytest.raises(
        UserError, match=r"no distillation method 'rosarch' \(did you mean rosearch\?\)"
    ):
        app(["methods", "rosarch"], standalone_mode=False)


@pytest.mark.parametrize("name", METHODS)
def test_every_setting_of_a_method_is_checked_and_reaches_its_table(name: str) -> None:
    for field, value in vars(METHODS[name].settings()).items():
        others = {bool: not value, str: None, int: 7, float: 0.125, type(None): 1}
        several = {"assistants": (1,), "depths": (1, "all"), "seeds": (3,), "folders": ("here",)}
        several |= {"models": ("there",), "by": ("wordnet", "tinybert")}
        other: Any = several[field] if field in several else others[type(value)]
        if other is None:  # a choice of words: the refusal lists them
            with pytest.raises(UserError, match=rf"distill\.{name}\.{field} = 'no'"):
                load_config(overrides=[f"distill.{name}.{field}=no"])
            continue
        config = load_config(overrides=[f"distill.{name}.{field}={as_toml(other)}"])
        assert getattr(config.distill.table(name), field) == other


def test_an_unknown_method_lists_those_that_there_are() -> None:
    with pytest.raises(UserError, match=r"no distillation method 'pdk' \(did you mean pkd\?\)"):
        load_config(overrides=["distill.method=pdk"])


def test_what_cannot_teach_searched_students_is_refused_in_one_line() -> None:
    refused = {n for n in METHODS if METHODS[n].refuses(METHODS[n].settings(), Learner())}
    assert refused == {"adversarial"}
    for name in refused:
        with pytest.raises(
            UserError,
            match=r"cannot teach the students of a search: .* those that can: finetune, kd",
        ) as caught:
            load_config(overrides=[f"distill.method={name}"])
        assert "\n" not in str(caught.value)


def test_methods_that_teach_nothing_in_a_search_may_differ_there(tmp_path: Path) -> None:
    stored, *others = (
        load_config(overrides=[f"distill.{setting}"])
        for setting in ("epochs=15", "pkd.epochs=9", "adversarial.epochs=9", "adabert.gamma=0.5")
    )
    for other in others:
        require_same(tmp_path, stored, other)
        with pytest.raises(UserError, match=r"distill\."):  # a comparison trains with all of them
            require_same(tmp_path, stored, other, GROWING)
    with pytest.raises(UserError, match=r"distill\.rosearch\.kd_weight = 0\.5 \(now 0\.1\)"):
        require_same(tmp_path, stored, load_config(overrides=["distill.rosearch.kd_weight=0.1"]))


def test_a_method_of_an_archive_is_taken_by_name_alone() -> None:
    stored = Config().model_dump(mode="json")
    stored["distill"] |= {"method": "elsewhere:METHOD", "elsewhere:METHOD": {"share": 2}}
    config = Config.model_validate(stored, context=STORED)
    assert config.distill.method == "elsewhere:METHOD"
    assert config.model_dump(mode="json") == stored


SETTINGS = ("teacher.epochs=3",)


OWN = """
from dataclasses import dataclass

from torch.nn import functional as F

from kdnas.distillation import Stage, Term
from kdnas.methods import Method, MethodSettings
from kdnas.records import ATTACKS

@dataclass(frozen=True)
class Settings(MethodSettings):
    share: float = 0.5

def huber(step):
    return F.huber_loss(step.logits, step.signal("logits"))

def recipe(schedule, settings):
    return (Stage((Term(huber, weight=settings.share, needs=("logits",)),), schedule),)

METHOD = Method(recipe, Settings)
ATTACK = ATTACKS["deepwordbug"]
"""


def test_a_method_of_a_users_own_teaches_a_search(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_method.py").write_text(textwrap.dedent(OWN))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(METHODS, "_parts", dict(METHODS))
    monkeypatch.setattr("kdnas.registry._sources", {})
    values = config.model_dump(mode="json")
    name = "own_method:METHOD"
    values["distill"] |= {"method": name, name: {"share": 0.0}}
    own = Config.model_validate(values, context=LOADING)
    found = Evaluator(own, tmp_path / "students")(JOB)
    assert isinstance(found, Evaluation)
    assert found.loss == 0  # the weight of its only term
    assert set(prepare(own).lesson.signals) == {"logits"}


def test_a_method_of_a_users_own_is_compared_with_its_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_way.py").write_text(textwrap.dedent(OWN))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(METHODS, "_parts", dict(METHODS))
    monkeypatch.setattr(ATTACKS, "_parts", dict(ATTACKS))
    monkeypatch.setattr("kdnas.registry._sources", {})
    name = "own_way:METHOD"
    asked = [f'compare.methods=["kd", "{name}"]', 'compare.attacks=["own_way:ATTACK"]']
    compared = load_config("compare-offline", overrides=asked)
    taught = compared.taught_by(name)
    taught.require_teachable(name, Learner())
    assert taught.table(name) == METHODS[name].settings()
    assert compared.attack.table("own_way:ATTACK") == ATTACKS["deepwordbug"].settings()
    again = load_config("compare-offline", overrides=asked)  # as --resume does, parts known by now
    assert difference(compared, again) == {}
    app(["methods", name], standalone_mode=False)
    assert f"--set distill.{name}.share=0.5" in capsys.readouterr().out


def test_a_search_can_be_taught_by_kd_alone(config: Config, tmp_path: Path) -> None:
    weights = {"kd_weight": 1.0, "probe_weight": 0.0, "logit_weight": 0.0}
    values = config.model_dump(mode="json")
    values["distill"]["rosearch"] |= weights
    alone = Evaluator(Config.model_validate(values), tmp_path / "alone")(JOB)
    usual = Evaluator(config, tmp_path / "usual")(JOB)
    assert isinstance(alone, Evaluation)
    assert isinstance(usual, Evaluation)
    assert alone.loss != usual.loss
    assert alone.parameters == usual.parameters


def taught(config: Config, *terms: Term, epochs: int = 1, stages: int = 1) -> float:
    prepared = prepare(config)
    student = fresh_student(prepared, config.student, TINY_ARCHITECTURE, seed=0)
    schedule = replace(schedule_of(config.distill), epochs=epochs)
    lesson = replace(prepared.lesson, live=prepared.teacher.load)
    return distill(student, lesson, [Stage(terms, schedule)] * stages, seed=0)


def test_a_live_teacher_says_what_its_signals_say(config: Config) -> None:
    apart: list[float] = []

    def term(step) -> torch.Tensor:
        assert not step.live.logits.requires_grad
        apart.append(float((step.live.logits - step.signal("logits")).abs().max()))
        return F.mse_loss(step.logits, step.live.logits)

    assert np.isfinite(taught(config, Term(term, needs=("logits", LIVE))))
    assert max(apart) < 1e-4


def test_without_a_need_no_teacher_is_loaded(config: Config) -> None:
    prepared = prepare(config)

    def never(device: torch.device) -> None:
        raise AssertionError("loaded")

    student = fresh_student(prepared, config.student, TINY_ARCHITECTURE, seed=0)
    distill(student, replace(prepared.lesson, live=never), recipe_of(config.distill), seed=0)


def test_terms_are_told_the_step_and_weights_follow_it(config: Config) -> None:
    seen: list[tuple[int, int]] = []
    shares: list[float] = []

    def weight(done: float) -> float:
        shares.append(done)
        return 1 - done

    def term(step) -> torch.Tensor:
        seen.append((step.number, step.steps))
        return F.cross_entropy(step.logits, step.labels)

    taught(config, Term(term, weight), epochs=2, stages=2)
    per_stage = 2 * 5  # 160 texts in batches of 32
    assert seen == [(n, per_stage) for n in range(per_stage)] * 2
    assert shares == [n / per_stage for n in range(per_stage)] * 2


def test_heads_learn_with_the_student(config: Config) -> None:
    made: list[nn.Linear] = []

    def heads(own: Sizes, teacher: Sizes) -> nn.Module:
        assert (own.width, own.classes, teacher.layers, teacher.width) == (32, 2, 2, 0)
        made.append(nn.Linear(own.width, 2))
        return made[-1]

    def term(step, head) -> torch.Tensor:
        return F.cross_entropy(head(step.states[-1]), step.labels)

    torch.manual_seed(0)
    taught(config, Term(term, heads=heads))
    weight = made[0].weight
    assert weight.grad is not None
    assert weight.grad.abs().max() > 0


def test_a_signal_is_made_once_and_only_when_it_is_asked_for(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepare(config)
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path))
    for asked in (["logits"], ["logits", "states"], ["states"]):
        found = teacher_signals(config.teacher, prepared.teacher, prepared.task, asked)
        assert list(found) == asked
    kinds = sorted(path.name.split("-")[1] for path in tmp_path.glob("signals-*"))
    assert kinds == ["logits", "states"]
    monkeypatch.setattr("kdnas.teachers.signals.logits_and_layers", None)
    again = teacher_signals(config.teacher, prepared.teacher, prepared.task, ["states"])
    assert np.array_equal(again["states"], found["states"])


@pytest.mark.parametrize("probe_epochs", [1, 4])
def test_the_settings_of_the_probes_decide_about_their_signal(config, probe_epochs: int) -> None:
    prepared = prepare(config)
    settings = config.teacher.model_copy(update={"probe_epochs": probe_epochs})
    kinds = ("logits", "probe_logits")
    found = teacher_signals(settings, prepared.teacher, prepared.task, kinds)
    usual = teacher_signals(config.teacher, prepared.teacher, prepared.task, kinds)
    assert np.array_equal(found["logits"], usual["logits"])
    same = np.array_equal(found["probe_logits"], usual["probe_logits"])
    assert same == (probe_epochs == config.teacher.probe_epochs)

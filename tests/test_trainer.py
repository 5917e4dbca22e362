"""The trainings of a comparison: every kind of model goes on adversarially at its own rate."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from heavy import TINY_ARCHITECTURE

from kdnas.comparison import TEACHER, Model
from kdnas.comparison.folder import ModelFolder
from kdnas.comparison.trainer import Trainer
from kdnas.config import Config
from kdnas.evaluation import Prepared
from kdnas.reproduce import compared_models
from kdnas.training import choose_device

FIRST = {
    "teacher": TEACHER,
    "first-layers": Model("pkd", 1, "first-layers", "pkd", TEACHER),
    "cells": Model("cells", 1, "cells", "adabert", TEACHER),
    "searched": Model("one", 1, "searched", "rosearch", TEACHER, TINY_ARCHITECTURE.to_json()),
}
RATES = {"teacher": 3e-4, "first-layers": 4e-4, "cells": 5e-4, "searched": 5e-4}


SETTINGS = (
    "teacher.learning_rate=3e-4",
    "distill.learning_rate=5e-4",
    "distill.pkd.learning_rate=4e-4",
    "distill.pkd.epochs=1",
    "distill.adversarial.epochs=1",
)


@pytest.fixture
def models(config: Config, prepared: Prepared, tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path, prepared.tokenizer, config.student.max_length, choose_device())


def rates_of(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The rates of all trainings from now on."""
    from kdnas.distillation import train

    seen: list[float] = []
    fit = train.fit

    def noted(parameters: Any, plan: Any, loss_of: Any, schedule: Any, *others: Any) -> float:
        seen.append(schedule.learning_rate)
        return fit(parameters, plan, loss_of, schedule, *others)

    monkeypatch.setattr(train, "fit", noted)
    return seen


@pytest.mark.parametrize("kind", FIRST)
def test_every_kind_of_model_goes_on_at_its_own_rate(
    kind: str, config, prepared, models, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, task, first = Trainer(config, prepared, models), prepared.task, FIRST[kind]
    trained = train(first, task, 0)
    network = trained.network
    assert (trained.loss is None) == (kind == "teacher")
    models.save(first, network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = rates_of(monkeypatch)
    again = train(Model("on", 1, "trained", "adversarial", first), task, 0)
    assert seen == [RATES[kind]]
    assert again.loss is not None
    assert not again.network.training
    assert any(not torch.equal(v, before[n]) for n, v in again.network.state_dict().items())


@pytest.mark.parametrize("kind", FIRST)
def test_a_rate_of_its_own_goes_before(kind: str, config, prepared, models) -> None:
    values = config.model_dump(mode="json")
    values["distill"]["adversarial"]["learning_rate"] = 0.125
    train = Trainer(Config.model_validate(values), prepared, models)
    (stage,) = train._recipe(Model("on", 1, "trained", "adversarial", FIRST[kind]))
    assert stage.schedule.learning_rate == 0.125


def test_every_model_stands_after_its_source(config: Config) -> None:
    models = compared_models(config, {TINY_ARCHITECTURE.key: ""})
    assert len({model.identity for model in models}) == len(models)
    for number, model in enumerate(models):
        assert model.teacher == TEACHER
        assert model.source in (None, *models[:number])


def test_a_model_s_epochs_go_before_the_schedule_s(config, prepared, models) -> None:
    """`reproduce.epochs` is for students and cells; PKD has epochs of its own."""
    train = Trainer(config, prepared, models)
    epochs = {
        kind: train._recipe(replace(model, epochs=9))[0].schedule.epochs
        for kind, model in FIRST.items()
        if kind != "teacher"
    }
    assert epochs == {"first-layers": 1, "cells": 9, "searched": 9}

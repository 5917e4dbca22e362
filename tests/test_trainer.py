"""The trainings of a comparison: every kind of model goes on adversarially at its own rate."""

from pathlib import Path
from typing import Any

import pytest
import torch
from heavy import TINY_ARCHITECTURE

from kdnas.config import Config
from kdnas.evaluation import Prepared
from kdnas.reproduce import compared_models
from kdnas.reproduce.models import How, Model, origin_how, student_name
from kdnas.reproduce.shelf import Shelf
from kdnas.reproduce.trainer import Trainer
from kdnas.training import choose_device

NAMES: dict[How, str] = {
    "teacher": "teacher",
    "patient": "pkd",
    "cells": "cells",
    "student": student_name(TINY_ARCHITECTURE.key),
}
RATES: dict[How, float] = {"teacher": 3e-4, "patient": 4e-4, "cells": 5e-4, "student": 5e-4}


SETTINGS = (
    "teacher.learning_rate=3e-4",
    "distill.learning_rate=5e-4",
    "distill.pkd.learning_rate=4e-4",
    "distill.pkd.epochs=1",
    "distill.adversarial.epochs=1",
)


@pytest.fixture
def shelf(config: Config, prepared: Prepared, tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, prepared.tokenizer, config.student.max_length, choose_device())


def rates_of(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The rates of all trainings from now on."""
    from kdnas.distillation import train

    seen: list[float] = []
    fit = train.fit

    def noted(parameters: Any, plan: Any, loss_of: Any, schedule: Any) -> float:
        seen.append(schedule.learning_rate)
        return fit(parameters, plan, loss_of, schedule)

    monkeypatch.setattr(train, "fit", noted)
    return seen


@pytest.mark.parametrize("how", NAMES)
def test_every_kind_of_model_goes_on_at_its_own_rate(
    how: How, config, prepared, shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, task = Trainer(config, prepared, shelf), prepared.task
    first = Model(NAMES[how], 1, how, architecture=TINY_ARCHITECTURE.to_json())
    network, loss = train(first, task, 0)
    assert (loss is None) == (how == "teacher")
    shelf.save(first, network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    seen = rates_of(monkeypatch)
    again, loss = train(Model("on", 1, "adversarial", first.name), task, 0)
    assert seen == [RATES[how]]
    assert loss is not None
    assert not again.training
    assert any(not torch.equal(v, before[n]) for n, v in again.state_dict().items())


@pytest.mark.parametrize("how", NAMES)
def test_a_rate_of_its_own_goes_before(how: How, config, prepared, shelf) -> None:
    values = config.model_dump(mode="json")
    values["distill"]["adversarial"]["learning_rate"] = 0.125
    train = Trainer(Config.model_validate(values), prepared, shelf)
    (stage,) = train._recipe(Model("on", 1, "adversarial", NAMES[how]))
    assert stage.schedule.learning_rate == 0.125


def test_the_kind_of_every_origin_is_known(config: Config) -> None:
    models = compared_models(config.reproduce, {TINY_ARCHITECTURE.key: ""})
    made = {model.name: model.how for model in models}
    further = [model for model in models if model.how == "adversarial"]
    assert further
    for model in further:
        assert origin_how(model) == made[model.origin]
    for name, how in made.items():
        if how != "adversarial":
            assert origin_how(Model("on", 1, "adversarial", name)) == how


def test_other_methods_than_the_searchs_leave_a_student_alone(config, prepared, shelf) -> None:
    """`reproduce.epochs` is for students and cells; PKD and adversarial training have their own."""
    values = config.model_dump(mode="json")
    values["reproduce"]["epochs"] = 9
    train = Trainer(Config.model_validate(values), prepared, shelf)
    epochs = {
        how: train._recipe(Model("x", 1, how))[0].schedule.epochs
        for how in RATES
        if how != "teacher"
    }
    assert epochs == {"patient": 1, "cells": 9, "student": 9}

"""Every setting of the section `student` reaches every place where a student is made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from heavy import TINY_ARCHITECTURE, tiny_config

from kdnas.adabert import CellsForSequenceClassification
from kdnas.comparison import TEACHER, Model
from kdnas.comparison.folder import ModelFolder
from kdnas.comparison.trainer import Trainer
from kdnas.config import Config, StudentSettings
from kdnas.evaluation import Evaluator, prepare
from kdnas.records import Job
from kdnas.students import save_model
from kdnas.teachers import load_classifier, student_tables
from kdnas.training import choose_device

UNUSED_ID = 1  # no text holds it, so that its row keeps its start


def _started(student: Any, config: Config) -> str:
    tables = student_tables(
        prepare(config).teacher, student.student.embedding.words.weight.shape[1]
    )
    row = student.student.embedding.words.weight[UNUSED_ID].detach()
    same = torch.allclose(row, torch.from_numpy(tables["words"][UNUSED_ID]), atol=1e-4)
    return "teacher_pca" if same else "random"


CHANGED: dict[str, tuple[Any, Callable[[Any, Config], Any]]] = {
    "max_length": (24, lambda student, config: student.config.token_limit),
    "positions": (48, lambda student, config: len(student.student.embedding.positions.weight)),
    "norm": ("node", lambda student, config: student.config.shape["norm"]),
    "out_adapter": ("pad", lambda student, config: student.config.shape["out_adapter"]),
    "share_blocks": (True, lambda student, config: student.config.shape["share_blocks"]),
    "dropout": (0.35, lambda student, config: student.student.embedding.dropout.p),
    "emb_init": ("random", _started),
}
"""Another value of each setting, and how it is seen of a student."""

FIELDS = sorted(StudentSettings.model_fields)


def test_every_setting_has_an_entry() -> None:
    assert sorted(CHANGED) == FIELDS


@pytest.fixture(scope="module", params=FIELDS)
def changed(request: pytest.FixtureRequest, tiny_teacher: Path) -> tuple[str, Config]:
    value = json.dumps(CHANGED[request.param][0])
    return request.param, tiny_config(tiny_teacher, f"student.{request.param}={value}")


def searched(config: Config, folder: Path) -> Any:
    return Evaluator(config, folder).student(Job(0, TINY_ARCHITECTURE, 0))


def exported(config: Config, folder: Path) -> Any:
    save_model(searched(config, folder / "students"), prepare(config).tokenizer, folder / "out")
    return load_classifier(str(folder / "out"))


def compared(kind: str, method: str) -> Callable[[Config, Path], Any]:
    def make(config: Config, folder: Path) -> Any:
        prepared = prepare(config)
        models = ModelFolder(folder, prepared.tokenizer, config.student.max_length, choose_device())
        model = Model("compared", 1, kind, method, TEACHER, TINY_ARCHITECTURE.to_json())
        return Trainer(config, prepared, models)(model, prepared.task, 0).network

    return make


MADE = {
    "searched": searched,
    "exported": exported,
    "compared": compared("searched", "rosearch"),
    "cells": compared("cells", "adabert"),
}


@pytest.mark.parametrize("place", MADE)
def test_a_setting_reaches_a_student(place: str, changed: tuple[str, Config], tmp_path) -> None:
    name, config = changed
    value, seen = CHANGED[name]
    student = MADE[place](config, tmp_path)
    assert isinstance(student, CellsForSequenceClassification) == (place == "cells")
    assert seen(student, config) == value
    assert student.config.dropout == config.student.dropout

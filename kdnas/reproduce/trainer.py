"""`Trainer`: how each model of the comparison is trained."""

from collections.abc import Callable
from functools import cached_property
from importlib.resources import files
from typing import Any

import torch

from kdnas.baselines import (
    AdversarialRecipe,
    CellArchitecture,
    CellConfig,
    CellsForSequenceClassification,
    PatientRecipe,
    distil_cells,
    distil_patiently,
    train_on_labels,
)
from kdnas.cache import fingerprint
from kdnas.config import Config
from kdnas.distillation import distill
from kdnas.evaluation import Prepared
from kdnas.offline import content_hash
from kdnas.reproduce.models import CELLS, PATIENT, TEACHER, How, Model
from kdnas.reproduce.shelf import Shelf
from kdnas.space import Architecture
from kdnas.students import StudentConfig, StudentForSequenceClassification, load_tables
from kdnas.tasks import Task
from kdnas.teachers import Teacher, student_tables, teacher_signals
from kdnas.training import EncodedTexts, encode

CELL_FILE = files("kdnas.baselines") / "kdnas-cell.json"
"""The cell that our own search has found (`benchmarks/cell_search.py`)."""

Make = Callable[[Model, Task, int], tuple[Any, float | None]]


class Trainer:
    """Trains models, a way for each `How`.

    Args:
        config: The reproduction.
        prepared: Its task and teacher.
        shelf: Has the models that others are made from.
    """

    def __init__(self, config: Config, prepared: Prepared, shelf: Shelf) -> None:
        self._config, self._prepared, self._shelf = config, prepared, shelf
        self._make: dict[How, Make] = {
            "teacher": self._teacher,
            "patient": self._patient,
            "cells": self._cells,
            "student": self._student,
            "adversarial": self._adversarial,
        }

    def __call__(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        """A trained network and the loss of its last epoch, None where it was not trained here.

        Args:
            model: What it is made from has been built.
            task: Its training texts, adversarial ones among them.
            seed: Of its weights and batches.
        """
        return self._make[model.how](model, task, seed)

    def _teacher(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        return self._prepared.teacher.load(self._shelf.device), None

    def _patient(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        chosen = self._config.reproduce
        recipe = PatientRecipe(epochs=chosen.patient_epochs, learning_rate=chosen.patient_rate)
        teacher = self._prepared.teacher
        return distil_patiently(self._config.teacher, teacher, task, recipe, seed), None

    def _cells(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        arch = CellArchitecture.from_json(CELL_FILE.read_text())
        prepared = self._prepared
        labels, length = task.label_names, self._config.student.max_length
        torch.manual_seed(seed)
        config = CellConfig.of(arch.to_json(), prepared.shape, labels, length)
        shell: Any = CellsForSequenceClassification(config)
        shell.to(self._shelf.device)
        teacher = self._teacher_of(model, task)
        load_tables(shell.student.embedding, student_tables(prepared.teacher, arch.width))
        signals = teacher_signals(self._config.teacher, teacher, task)
        texts, settings = self._encoded(task), self._distillation
        loss = distil_cells(shell.student, texts, task.train.labels, signals, settings, seed)
        return shell, loss

    def _student(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        arch = Architecture.from_json(model.architecture)
        prepared, chosen = self._prepared, self._config.student
        torch.manual_seed(seed)
        labels = task.label_names
        config = StudentConfig.of(
            arch.canonical().to_json(), prepared.shape, labels, chosen.max_length
        )
        shell: Any = StudentForSequenceClassification(config)
        shell.to(self._shelf.device)
        if chosen.emb_init == "teacher_pca":
            load_tables(shell.student.embedding, student_tables(prepared.teacher, arch.width))
        texts = self._encoded(task)
        loss = distill(shell.student, texts, prepared.signals, self._distillation, seed)
        return shell, loss

    def _adversarial(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        network = self._shelf.load(model.source)

        def forward(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = network(input_ids=ids, attention_mask=mask.long()).logits
            return logits

        rates = {
            TEACHER: self._config.teacher.learning_rate,
            PATIENT: self._config.reproduce.patient_rate,
            CELLS: self._config.distill.learning_rate,
        }
        recipe = AdversarialRecipe(rates[model.origin], self._config.reproduce.adversarial_epochs)
        texts = self._encoded(task)
        return network, train_on_labels(network, forward, texts, task.train.labels, recipe, seed)

    @cached_property
    def _distillation(self) -> Any:
        epochs = self._config.reproduce.epochs or self._config.distill.epochs
        return self._config.distill.model_copy(update={"epochs": epochs})

    def _teacher_of(self, model: Model, task: Task) -> Teacher:
        """The teacher that a model is distilled from; signals depend on the texts too."""
        teacher = self._prepared.teacher
        if model.origin == TEACHER and not model.strength:
            return teacher
        folder = teacher.folder if model.origin == TEACHER else self._shelf.place(model.source)
        identity = fingerprint(teacher=content_hash(folder), texts=task.fingerprint)
        return Teacher(folder, identity, teacher.max_length)

    def _encoded(self, task: Task) -> EncodedTexts:
        length = self._config.student.max_length
        return encode(self._prepared.tokenizer, task.train.texts, length)

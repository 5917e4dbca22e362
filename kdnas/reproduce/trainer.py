"""`Trainer`: how each model of the comparison is trained."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from kdnas.adabert import SHIPPED_CELL, CellArchitecture, CellsForSequenceClassification
from kdnas.cache import fingerprint
from kdnas.config import Config
from kdnas.distillation import Recipe, distill, recipe_of, schedule_of
from kdnas.evaluation import Prepared, fresh_student
from kdnas.offline import content_hash
from kdnas.reproduce.models import TEACHER, How, Model, origin_how
from kdnas.reproduce.shelf import Shelf
from kdnas.space import Architecture
from kdnas.tasks import Task
from kdnas.teachers import Teacher, first_layers, lesson_of

Make = Callable[[Model, Task, int], Any]

TAUGHT_BY: dict[How, str] = {"patient": "pkd", "cells": "adabert", "adversarial": "adversarial"}
"""The method of every kind of model but the students of the search."""


class Trainer:
    """Trains models: each kind is made in its own way, then taught by a method.

    Args:
        config: The reproduction.
        prepared: Its task and teacher.
        shelf: Has the models that others are made from.
    """

    def __init__(self, config: Config, prepared: Prepared, shelf: Shelf) -> None:
        self._config, self._prepared, self._shelf = config, prepared, shelf
        self._make: dict[How, Make] = {
            "patient": self._patient,
            "cells": self._cells,
            "student": self._student,
            "adversarial": self._adversarial,
        }

    def __call__(self, model: Model, task: Task, seed: int) -> tuple[Any, float | None]:
        """A trained network and the loss of its last epoch, None for the teacher.

        Args:
            model: What it is made from has been built.
            task: Its training texts, adversarial ones among them.
            seed: Decides its weights and batches.
        """
        if model.how == "teacher":
            return self._prepared.teacher.load(self._shelf.device), None
        recipe = self._recipe(model)
        lesson = lesson_of(self._config.teacher, self._teacher_of(model, task), task, recipe)
        student = self._make[model.how](model, task, seed)
        return student, distill(student, lesson, recipe, seed, goes_on=model.how == "patient")

    def _patient(self, model: Model, task: Task, seed: int) -> Any:
        name, layers = self._config.teacher.model, self._config.distill.table("pkd").layers
        return first_layers(name, task.label_names, layers, seed, self._shelf.device)

    def _cells(self, model: Model, task: Task, seed: int) -> Any:
        cell = CellArchitecture.from_json(SHIPPED_CELL.read_text())
        form, settings = CellsForSequenceClassification, self._config.student
        return fresh_student(self._prepared, settings, cell, seed, form)

    def _student(self, model: Model, task: Task, seed: int) -> Any:
        arch = Architecture.from_json(model.architecture).canonical()
        return fresh_student(self._prepared, self._config.student, arch, seed)

    def _adversarial(self, model: Model, task: Task, seed: int) -> Any:
        return self._shelf.load(model.source)

    def _recipe(self, model: Model) -> Recipe:
        """The recipe of a model; adversarial training goes on at the rate of the first training."""
        settings, schedule = self._config.distill, schedule_of(self._config.distill)
        if model.how == "adversarial":
            schedule = replace(schedule, learning_rate=self._rate(origin_how(model)))
        else:
            epochs = self._config.reproduce.epochs or schedule.epochs
            schedule = replace(schedule, epochs=epochs)
        return recipe_of(settings, TAUGHT_BY.get(model.how, settings.method), schedule)

    def _rate(self, how: How) -> float:
        """The last learning rate of a kind of model."""
        if how == "teacher":
            return self._config.teacher.learning_rate
        return self._recipe(Model("", 1, how))[-1].schedule.learning_rate

    def _teacher_of(self, model: Model, task: Task) -> Teacher:
        """The teacher that a model is distilled from; signals depend on the texts too."""
        teacher = self._prepared.teacher
        if model.how == "adversarial" or (model.origin == TEACHER and not model.strength):
            return teacher
        folder = teacher.folder if model.origin == TEACHER else self._shelf.place(model.source)
        identity = fingerprint(teacher=content_hash(folder), texts=task.fingerprint)
        return Teacher(folder, identity, teacher.max_length)

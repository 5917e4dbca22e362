"""`Trainer`: how each model of a comparison is made and taught."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from kdnas.adabert import SHIPPED_CELL, CellArchitecture, CellsForSequenceClassification
from kdnas.cache import fingerprint
from kdnas.comparison.begun import Begun
from kdnas.comparison.folder import ModelFolder
from kdnas.comparison.model import BEGUN, Model
from kdnas.config import Config
from kdnas.distillation import Generator, Recipe, chain_of, recipe_of, schedule_of, teach
from kdnas.evaluation import (
    Prepared,
    attacked_texts,
    fresh_student,
    further_texts,
    made_texts,
    rewritten_pairs,
    sampled_pairs,
)
from kdnas.methods import Learner, MateSettings
from kdnas.offline import content_hash
from kdnas.records import MOST_MADE, MadeText
from kdnas.space import canonical, read_genotype
from kdnas.tasks import Task
from kdnas.teachers import (
    Teacher,
    lesson_of,
    require_chain,
    require_team,
    taught_chain,
    taught_team,
)


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Attributes:
        network: A Hugging Face classifier.
        loss: Of the last epoch; None for the teacher, which is taken as it is.
        seconds: Wall time of the training, without what the teacher says beforehand.
        made: Some of the texts that were made for it.
    """

    network: Any
    loss: float | None = None
    seconds: float = 0.0
    made: tuple[MadeText, ...] = ()


class Trainer:
    """Trains models: each kind is made in its own way, then taught by its method.

    Args:
        config: The comparison.
        prepared: Its task and teacher.
        folder: Has the models that others are made from.
    """

    def __init__(self, config: Config, prepared: Prepared, folder: ModelFolder) -> None:
        self._config, self._prepared, self._folder = config, prepared, folder
        self._make: dict[str, Callable[[Model, int], Any]] = {
            **dict.fromkeys(BEGUN, self._begun),
            "cells": self._cells,
            "searched": self._searched,
            "trained": self._trained,
        }

    def __call__(self, model: Model, task: Task, seed: int) -> Trained:
        """A trained network.

        Args:
            model: What it is made from has been built.
            task: Its training texts, adversarial ones among them.
            seed: Decides its weights and batches.
        """
        if model.source is None:
            return Trained(self._prepared.teacher.load(self._folder.device))
        learner = Learner(
            model.name,
            trained=model.kind == "trained",
            attention=model.kind in BEGUN,
            classes=not task.of_numbers,
            single=not task.pairs,
        )
        distill = self._config.taught_by(model.method)
        distill.require_teachable(distill.method, learner)
        recipe = self._recipe(model)
        settings, chain = self._config.teacher, chain_of(distill)
        require_chain(settings, chain)
        require_team(settings, chain.team)
        source = self._teacher_of(model, task)
        team = taught_team(settings, source, task, chain.team)
        teacher = taught_chain(settings, source, task, chain)
        config = self._config.model_copy(update={"distill": distill})
        own, spec = distill.table(distill.method), self._prepared.spec
        attacked = spec if spec is None else attacked_texts(recipe, own, spec, source, task)
        further = further_texts(recipe, config, task)
        lesson = lesson_of(settings, teacher, task, recipe, attacked, further, team)
        make, texts = partial(self._make[model.kind], model), task.train.texts
        pairs = sampled_pairs(texts, attacked) + sampled_pairs(texts, further)

        def rewritten(generator: Generator) -> None:
            share, tokenizer = getattr(own, "masked", MateSettings.masked), teacher.tokenizer()
            pairs.extend(rewritten_pairs(generator, share, lesson, texts, tokenizer))

        start, begun = time.perf_counter(), model.kind in BEGUN
        student, loss = teach(
            make, lesson, recipe, seed, chain, goes_on=begun, on_generator=rewritten
        )
        seconds = time.perf_counter() - start
        made = made_texts(pairs[:MOST_MADE], spec, self._prepared.teacher, task)
        return Trained(student, loss, seconds, made)

    def _begun(self, model: Model, seed: int) -> Any:
        prepared, teacher = self._prepared, self._config.teacher.model
        labels = prepared.task.label_names
        begun = Begun(teacher, prepared.tokenizer, labels, self._folder.device)
        return begun.student(model.kind, model.start, seed)

    def _cells(self, model: Model, seed: int) -> Any:
        cell = CellArchitecture.from_json(SHIPPED_CELL.read_text())
        form, settings = CellsForSequenceClassification, self._config.student
        return fresh_student(self._prepared, settings, cell, seed, form)

    def _searched(self, model: Model, seed: int) -> Any:
        arch = canonical(read_genotype(model.start))
        return fresh_student(self._prepared, self._config.student, arch, seed)

    def _trained(self, model: Model, seed: int) -> Any:
        assert model.source is not None
        return self._folder.load(model.source.identity)

    def _recipe(self, model: Model) -> Recipe:
        """The recipe of a model; one that is trained already goes on at the rate it was taught."""
        schedule = schedule_of(self._config.distill)
        if model.kind == "trained" and model.source is not None:
            schedule = replace(schedule, learning_rate=self._rate(model.source))
        else:
            if model.kind in BEGUN:
                begun = self._config.compare
                schedule = replace(schedule, learning_rate=begun.learning_rate, epochs=begun.epochs)
            row = self._config.compare.rows.get(model.method)
            epochs, rate = (row.epochs, row.learning_rate) if row else (None, None)
            schedule = replace(
                schedule,
                epochs=model.epochs or epochs or schedule.epochs,
                learning_rate=rate or schedule.learning_rate,
            )
        return recipe_of(self._config.taught_by(model.method), schedule=schedule)

    def _rate(self, model: Model) -> float:
        """The last learning rate of a model."""
        if model.source is None:
            return self._config.teacher.learning_rate
        return self._recipe(model)[-1].schedule.learning_rate

    def _teacher_of(self, model: Model, task: Task) -> Teacher:
        """The teacher that a model is distilled from; signals depend on the texts too."""
        teacher, source = self._prepared.teacher, model.source
        assert source is not None
        of_the_run = source.source is None
        if model.kind == "trained" or (of_the_run and not model.strength):
            return teacher
        folder = teacher.folder if of_the_run else self._folder.place(source.identity)
        identity = fingerprint(teacher=content_hash(folder), texts=task.fingerprint)
        return Teacher(folder, identity, teacher.max_length)

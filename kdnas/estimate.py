"""What a run would take, extrapolated from one student on a few batches and texts."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from kdnas.attacks import Attacker, ModelVictim
from kdnas.cache import Arrays
from kdnas.config import Config, DistillSettings
from kdnas.distillation import (
    ATTACKED,
    AUGMENTED,
    GENERATOR,
    LIVE,
    NEIGHBOURS,
    FurtherTexts,
    Lesson,
    Recipe,
    chain_of,
    distill,
    needs_of,
    recipe_of,
)
from kdnas.errors import UserError
from kdnas.evaluation import OnStage, attack_spec, load_task
from kdnas.feasible import require_possible
from kdnas.methods import GeneratorSettings
from kdnas.records import written
from kdnas.resources import BYTES_PER_TEXT, run_bytes
from kdnas.space import Genotype, canonical
from kdnas.students import Blueprint, build
from kdnas.tasks import Split, Task
from kdnas.teachers import (
    load_config,
    load_tokenizer,
    untrained_rewriter,
    untrained_teacher,
)
from kdnas.training import EncodedTexts, Inputs, choose_device, encode, exact_float32

TIMED_BATCHES = 12
TIMED_TEXTS = 24

_MADE = (ATTACKED, AUGMENTED, GENERATOR, LIVE, NEIGHBOURS)
"""Needs of a recipe that are no signals."""


@dataclass(frozen=True)
class Estimate:
    """Seconds and bytes of one student of a run.

    Attributes:
        task: The data, as the run would see it.
        architecture: The student that was timed.
        train_seconds, attack_seconds: Of one student.
        weight_bytes, text_bytes: Of one student.
    """

    task: Task
    architecture: Genotype
    train_seconds: float
    attack_seconds: float
    weight_bytes: int
    text_bytes: int

    @property
    def student_seconds(self) -> float:
        """The seconds of one student."""
        return self.train_seconds + self.attack_seconds

    def seconds(self, students: int, jobs: int, cores: int) -> float:
        """Seconds of so many students, `jobs` at once, on so many cores."""
        return self.student_seconds * max(students / min(jobs, cores), 1)

    def disk_bytes(self, students: int) -> int:
        """Bytes of a run's folder with so many students."""
        return round(run_bytes(students, self.weight_bytes, self.text_bytes))


def estimate_run(config: Config, on_stage: OnStage = lambda name: None) -> Estimate:
    """Time one initial student of `config`; the teacher is not needed, random signals stand in.

    Args:
        config: The run.
        on_stage: Called with the name of each stage as it starts.

    Raises:
        UserError: Data, tokenizer or a package cannot be had, or no student keeps to the limits.
        EvaluationFailed: The loss or a logit of the student is not finite.
    """
    exact_float32(config.search.threads)
    on_stage("data")
    task, tokenizer = load_task(config), load_tokenizer(config.teacher.model)
    shape = config.student.shape(len(tokenizer), len(task.label_names))
    arch = require_possible(config, shape)
    on_stage("distillation of one student")
    chosen = config.student
    blueprint = Blueprint(
        shape, task.label_names, chosen.max_length, chosen.dropout, choose_device()
    )
    student = build(canonical(arch).to_json(), blueprint, seed=0)
    train = train_seconds(config, task, tokenizer, student)
    attacked = 0 if task.of_numbers else len(task.search.head(config.attack.texts))
    if attacked:
        on_stage("attack on it")
    attack = attacked and attack_seconds(config, task, tokenizer, student) * attacked
    return Estimate(
        task=task,
        architecture=arch,
        train_seconds=train,
        attack_seconds=attack,
        weight_bytes=4 * config.space.cost(arch, shape, config.student.max_length).parameters,
        text_bytes=BYTES_PER_TEXT * attacked,
    )


def train_seconds(config: Config, task: Task, tokenizer: object, student: Any) -> float:
    """Seconds of a whole distillation of a student, from a few batches of each stage.

    Raises:
        UserError: The method needs what only a real teacher gives.
    """
    recipe = recipe_of(_paced(config.distill, len(task.train)))
    few = task.train.head(TIMED_BATCHES * config.distill.batch_size)
    lesson = _stand_in_lesson(config, few, tokenizer, recipe, len(task.label_names))
    one_epoch = [replace(s, schedule=replace(s.schedule, epochs=1)) for s in recipe]
    distill(student, lesson, one_epoch, seed=0)  # the first one pays for start-up
    seconds = 0.0
    for stage, first in zip(recipe, one_epoch, strict=True):
        start = time.perf_counter()
        distill(student, lesson, [first], seed=0)
        seconds += (time.perf_counter() - start) * stage.schedule.epochs
    return seconds * chain_of(config.distill).trainings * len(task.train) / len(few)


def _paced(settings: DistillSettings, texts: int) -> DistillSettings:
    """The settings with as large a share of generator steps in the timed batches as in a run."""
    own = settings.table(settings.method)
    if not isinstance(own, GeneratorSettings):
        return settings
    per_epoch = math.ceil(texts / settings.batch_size)
    steps, timed = settings.epochs * per_epoch, min(per_epoch, TIMED_BATCHES)
    turns = sum(step % own.cycle < own.generator_steps for step in range(steps))
    paced = replace(own, generator_steps=round(timed * turns / steps), cycle=timed)
    return settings.model_copy(update={settings.method: paced})


def _stand_in_lesson(
    config: Config, few: Split, tokenizer: object, recipe: Recipe, classes: int
) -> Lesson:
    """A lesson of some texts from models of the right sizes that know nothing."""
    needed, name = needs_of(recipe), config.teacher.model
    texts = encode(tokenizer, few.texts, config.student.max_length)
    signals = _random_signals(config, [n for n in needed if n not in _MADE], len(few), classes)
    lesson = Lesson(
        texts, few.labels, signals, inputs=partial(Inputs.of, tokenizer), attacked=texts
    )
    if AUGMENTED in needed or NEIGHBOURS in needed:
        own = config.distill.table(config.distill.method)
        each = own.made if AUGMENTED in needed else own.each
        lesson = replace(lesson, further=_further(texts, each, classes))
    if LIVE in needed:
        lesson = replace(lesson, live=untrained_teacher(name, classes))
    if GENERATOR in needed:
        lesson = replace(lesson, rewriter=untrained_rewriter(name))
    return lesson


def _further(texts: EncodedTexts, each: int, classes: int) -> FurtherTexts:
    """The texts themselves, several times, as those beside them."""
    index = np.repeat(np.arange(len(texts)), each)
    segments = None if texts.segments is None else texts.segments[index]
    again = EncodedTexts(texts.ids[index], texts.lengths[index], segments)
    return FurtherTexts(again, np.zeros((len(texts), each, classes), np.float32))


def _random_signals(config: Config, kinds: Iterable[str], texts: int, classes: int) -> Arrays:
    """Signals of a teacher of the right size that knows nothing."""
    teacher, rng = load_config(config.teacher.model), np.random.default_rng(0)
    layers = teacher.num_hidden_layers + 1
    shapes: dict[str, tuple[int, ...]] = {
        "logits": (texts, classes),
        "probe_logits": (texts, layers, classes),
        "states": (texts, layers, teacher.hidden_size),
    }
    team = chain_of(config.distill).team
    if team is not None:
        members = len(team.members)
        shapes |= {"team_logits": (texts, members, classes), "team_scores": (members,)}
    unknown = [kind for kind in kinds if kind not in shapes]
    if unknown:
        raise UserError(
            f"a dry run cannot time distill.method = {config.distill.method}, which needs"
            f" {', '.join(unknown)} of the teacher: start the run without --dry-run"
        )
    return {kind: rng.normal(size=shapes[kind]).astype(np.float32) for kind in kinds}


def attack_seconds(
    config: Config, task: Task, tokenizer: object, student: Any, texts: int = TIMED_TEXTS
) -> float:
    """Seconds of the attack on one of some texts; those that a fresh student gets wrong relabelled.

    Args:
        config: The run.
        task: Its data.
        tokenizer: Of the student.
        student: A classifier.
        texts: How many are attacked.
    """
    length = config.student.max_length
    victim = ModelVictim.of_classifier(student, tokenizer, length, task.pairs)
    few = task.search.head(texts)
    with torch.inference_mode():
        labels = victim.logits(victim.encode(list(map(written, few.texts)))).argmax(axis=1).tolist()
    with TemporaryDirectory() as cache:  # nothing that another estimate has compared is known
        attacker = Attacker(attack_spec(config, task), cache=Path(cache))
        attacker.attack(victim, few.texts[:1], labels[:1])  # the first one pays for start-up
        wrong = [(label + 1) % len(task.label_names) for label in labels]
        attacker.attack(victim, few.texts, wrong)  # all are skipped, but planned, as once in a run
        start = time.perf_counter()
        attacker.attack(victim, few.texts, labels)
        return (time.perf_counter() - start) / len(few)

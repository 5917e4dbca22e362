"""From an architecture to its evaluation: distil the student, measure it, attack it."""

import time
from pathlib import Path

import numpy as np
import torch

from kdnas.attacks import Attacker, ModelVictim, Tokens
from kdnas.config import Config
from kdnas.distillation import distill
from kdnas.evaluation.prepare import prepare
from kdnas.evaluation.weights import load_weights, save_weights
from kdnas.records import (
    AttackOutcome,
    AttackSpec,
    Evaluation,
    Job,
    Measurement,
    Report,
    TextOutcome,
)
from kdnas.registry import resolve
from kdnas.students import Student, load_tables
from kdnas.tasks import Split
from kdnas.teachers import student_tables
from kdnas.training import choose_device, encode, exact_float32


class Evaluator:
    """Evaluates jobs of one run; holds what all students share. One per process.

    Args:
        config: The run.
        folder: Where the weights of students are kept.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        exact_float32(config.search.threads)
        self._config, self._folder = config, folder
        self.prepared = prepared = prepare(config)
        self._device = choose_device()
        self._attacker = Attacker(prepared.spec)
        length = config.student.max_length
        self._tokens = Tokens(prepared.tokenizer, length)
        self._train = encode(prepared.tokenizer, prepared.task.train.texts, length)

    def __call__(self, job: Job) -> Evaluation | Report:
        """The evaluation of a student, or its report on report-val.

        Raises:
            EvaluationFailed: The loss or a logit is not finite.
        """
        start = time.perf_counter()
        task, attack = self.prepared.task, self._config.attack
        if job.stage == "report":
            student = self.student(job)
            measured, texts = self._measure(student, task.report, attack.report_texts)
            return Report(measured, time.perf_counter() - start, texts)
        student, loss = self._trained(job)
        trained, length = time.perf_counter(), self._config.student.max_length
        cost = self._config.space.cost(job.architecture, self.prepared.shape, length)
        measured, texts = self._measure(student, task.search, attack.texts)
        return Evaluation(
            parameters=cost.parameters,
            block_parameters=cost.block_parameters,
            flops=cost.flops,
            search=measured,
            loss=loss,
            train_seconds=trained - start,
            attack_seconds=time.perf_counter() - trained,
            texts=texts,
        )

    def student(self, job: Job) -> Student:
        """The trained student of a job: from its stored weights, or trained again."""
        return self.stored(job) or self._trained(job)[0]

    def _trained(self, job: Job) -> tuple[Student, float]:
        """A distilled student, its weights stored, and its last loss."""
        student = self._fresh(job)
        loss = distill(student, self._train, self.prepared.signals, self._config.distill, job.seed)
        save_weights(self._folder, job.architecture.key, student)
        return student, loss

    def stored(self, job: Job) -> Student | None:
        """The student of a job from its stored weights; None where they are gone or damaged."""
        student = self._fresh(job)
        found = load_weights(self._folder, job.architecture.key, student)
        return student.eval() if found else None

    def _fresh(self, job: Job) -> Student:
        torch.manual_seed(job.seed)
        settings = self._config.student
        build = resolve(self._config.space.build)
        student: Student = build(job.architecture, self.prepared.shape, settings.dropout)
        if settings.emb_init == "teacher_pca":
            tables = student_tables(self.prepared.teacher, student.embedding.words.embedding_dim)
            load_tables(student.embedding, tables)
        return student.to(self._device)

    def _measure(
        self, student: Student, split: Split, attacked: int | None
    ) -> tuple[Measurement, tuple[TextOutcome, ...]]:
        prepared = self.prepared
        victim = ModelVictim(lambda ids, mask: student(ids, mask)[0], self._tokens, self._device)
        predicted = victim.logits(victim.encode(split.texts)).argmax(axis=1)
        subset = split.head(attacked)
        texts = self._attacker.attack(victim, subset.texts, subset.labels)
        classes = prepared.shape.classes
        return measurement(predicted, split, texts, classes, prepared.spec), tuple(texts)


def measurement(
    predicted: np.ndarray, split: Split, texts: list[TextOutcome], classes: int, spec: AttackSpec
) -> Measurement:
    """The counts of a model's predictions on `split`, (texts,), and of an attack on part of it."""
    labels = np.array(split.labels)

    def counts(values: np.ndarray) -> tuple[int, ...]:
        return tuple(np.bincount(values, minlength=classes).tolist())

    return Measurement(
        correct=counts(labels[predicted == labels]),
        totals=counts(labels),
        predicted=counts(predicted),
        attack=AttackOutcome.of(texts, classes),
        spec=spec.digest,
    )

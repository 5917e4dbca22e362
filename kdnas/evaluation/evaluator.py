"""The way from an architecture to its evaluation: distil the student, measure it, attack it."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kdnas.attacks import Attacker, ModelVictim, Tokens
from kdnas.config import LOADING, Config
from kdnas.distillation import chain_of, recipe_of, shortened, teach
from kdnas.evaluation.fresh import fresh_student
from kdnas.evaluation.prepare import OnStage, Prepared, prepare, saying_epochs
from kdnas.evaluation.weights import load_weights, save_weights
from kdnas.records import (
    AttackOutcome,
    Evaluate,
    Evaluation,
    Job,
    Measurement,
    Report,
    TextOutcome,
    written,
)
from kdnas.registry import Source, load_sources
from kdnas.space import canonical
from kdnas.tasks import Split
from kdnas.training import answers_of, exact_float32, logits_of, quiet_libraries


class Evaluator:
    """Evaluates jobs of one run; holds what all students share. One per process.

    Args:
        config: The run.
        folder: Where the weights of students are kept.
        on_stage: Called with the name of each stage of `prepare`.
        say: Called with a line after each epoch, of the teacher and of students.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        on_stage: OnStage = lambda name: None,
        say: OnStage = lambda remark: None,
    ) -> None:
        exact_float32(config.search.threads)
        self._config, self._folder, self._say = config, folder, say
        self.prepared = prepared = prepare(config, on_stage, say)
        self._attacker = None if prepared.spec is None else Attacker(prepared.spec)
        length, pairs = config.student.max_length, prepared.task.pairs
        self._tokens = Tokens(prepared.tokenizer, length, pairs)
        self._recipe, self._chain = recipe_of(config.distill), chain_of(config.distill)

    def __call__(self, job: Job) -> Evaluation | Report:
        """The evaluation of a student, or its report on report-val.

        Raises:
            EvaluationFailed: The loss or a logit is not finite.
        """
        start = time.perf_counter()
        task, attack = self.prepared.task, self._config.attack
        if job.stage == "report":
            student = self.student(job)
            measured, texts, predicted = self._measure(student, task.report, attack.report_texts)
            return Report(measured, time.perf_counter() - start, texts, predicted)
        student, loss, checksum = self._trained(job)
        trained, length = time.perf_counter(), self._config.student.max_length
        cost = self._config.space.cost(job.architecture, self.prepared.shape, length)
        measured, texts, predicted = self._measure(student, task.search, attack.texts)
        return Evaluation(
            parameters=cost.parameters,
            block_parameters=cost.block_parameters,
            flops=cost.flops,
            search=measured,
            loss=loss,
            train_seconds=trained - start,
            attack_seconds=time.perf_counter() - trained,
            texts=texts,
            predictions=predicted,
            weights=checksum,
        )

    def student(self, job: Job) -> Any:
        """The trained student of a job as a Hugging Face model: stored, or trained again."""
        return self.stored(job) or self._trained(job)[0]

    def _trained(self, job: Job) -> tuple[Any, float, str]:
        """A distilled student, its last loss, and the checksum of its weights, which are stored."""
        recipe = shortened(self._recipe, job.fidelity)
        make, told = partial(self._fresh, job), saying_epochs(self._say)
        lesson, chain = self.prepared.lesson, self._chain
        student, loss = teach(make, lesson, recipe, job.seed, chain, on_epoch=told)
        return student, loss, save_weights(self._folder, job, student.student)

    def stored(self, job: Job) -> Any | None:
        """The student of a job from its stored weights; None where they are gone or damaged."""
        student = self._fresh(job, job.seed)
        found = load_weights(self._folder, job, student.student)
        return student.eval() if found else None

    def _fresh(self, job: Job, seed: int) -> Any:
        arch = canonical(job.architecture)
        return fresh_student(self.prepared, self._config.student, arch, seed)

    def _measure(
        self, student: Any, split: Split, attacked: int | None
    ) -> tuple[Measurement, tuple[TextOutcome, ...], tuple[float, ...]]:
        """The counts on a split, the attacked texts, and the prediction of every text."""
        prepared = self.prepared
        victim = ModelVictim(logits_of(student), self._tokens, student.device)
        predicted = answers_of(victim.logits(victim.encode(list(map(written, split.texts)))))
        texts: list[TextOutcome] = []
        if self._attacker is not None:
            subset = split.head(attacked)
            texts = self._attacker.attack(victim, subset.texts, subset.labels)
        measured = measurement(predicted, split, texts, prepared)
        return measured, tuple(texts), tuple(predicted.tolist())


def make_evaluator(
    parts: Sequence[Source], settings: Mapping[str, Any], students: Path
) -> Evaluate:
    """What a worker process evaluates with.

    Args:
        parts: The modules that have added parts; without them the settings cannot be read.
        settings: The configuration, as data.
        students: Where the weights of students are kept.
    """
    load_sources(parts)
    quiet_libraries()
    return Evaluator(Config.model_validate(settings, context=LOADING), students)


def measurement(
    predicted: np.ndarray, split: Split, texts: list[TextOutcome], prepared: Prepared
) -> Measurement:
    """The counts of a model's predictions on `split`, (texts,), and of an attack on part of it."""
    classes, metric, spec = prepared.shape.classes, prepared.task.metric, prepared.spec
    truth = np.array(split.labels)
    if spec is None:
        return Measurement.of(truth, predicted, classes, metric=metric)
    attack = AttackOutcome.of(texts, classes)
    return Measurement.of(truth, predicted, classes, metric=metric, attack=attack, spec=spec.digest)

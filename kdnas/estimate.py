"""What a run would take, extrapolated from one student on a few batches and texts."""

import time
from dataclasses import dataclass

import numpy as np
import torch

from kdnas.attacks import Attacker, ModelVictim, Tokens
from kdnas.config import Config
from kdnas.distillation import distill
from kdnas.evaluation import attack_spec, load_task
from kdnas.registry import resolve
from kdnas.space import Genotype, random_edits
from kdnas.students import Student
from kdnas.tasks import Task
from kdnas.teachers import Signals, load_tokenizer
from kdnas.training import choose_device, encode, exact_float32

TIMED_BATCHES = 12
TIMED_TEXTS = 24
KEPT_STUDENTS = 30
"""About as many as a run keeps the weights of: the front, the picks, the best by fitness."""

BYTES_PER_TEXT = 400
"""Of a row in the table of attacked texts."""


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
        """Of one student."""
        return self.train_seconds + self.attack_seconds

    def seconds(self, students: int, jobs: int, cores: int) -> float:
        """Of so many students, `jobs` at once; processes beyond the cores only share them."""
        return self.student_seconds * max(students / min(jobs, cores), 1)

    def disk_bytes(self, students: int) -> int:
        """Bytes of a run's folder with so many students."""
        return min(students, KEPT_STUDENTS) * self.weight_bytes + students * self.text_bytes


def estimate_run(config: Config) -> Estimate:
    """Time one initial student of `config`; the teacher is not needed, random signals stand in.

    Raises:
        UserError: Data, tokenizer or a package cannot be had.
    """
    exact_float32(config.search.threads)
    task, tokenizer = load_task(config), load_tokenizer(config.teacher.model)
    shape = config.student.shape(len(tokenizer), len(task.label_names))
    arch = random_edits(config.space, np.random.default_rng(config.search.seed)).architecture
    build = resolve(config.space.build)
    student: Student = build(arch, shape, config.student.dropout).to(choose_device())
    train = _train_seconds(config, task, tokenizer, student)
    attacked = len(task.search.head(config.attack.texts))
    return Estimate(
        task=task,
        architecture=arch,
        train_seconds=train,
        attack_seconds=_attack_seconds(config, task, tokenizer, student) * attacked,
        weight_bytes=4 * config.space.cost(arch, shape, config.student.max_length).parameters,
        text_bytes=BYTES_PER_TEXT * attacked,
    )


def _train_seconds(config: Config, task: Task, tokenizer: object, student: Student) -> float:
    """Seconds of a whole distillation, from a few batches."""
    settings = config.distill
    few = task.train.head(TIMED_BATCHES * settings.batch_size)
    texts = encode(tokenizer, few.texts, config.student.max_length)
    rng, classes = np.random.default_rng(0), len(task.label_names)
    signals = Signals(
        rng.normal(size=(len(few), classes)).astype(np.float32),
        rng.normal(size=(len(few), 13, classes)).astype(np.float32),
        np.zeros((1, classes), np.float32),
    )
    one_epoch = settings.model_copy(update={"epochs": 1})
    distill(student, texts, signals, one_epoch, seed=0)  # the first one pays for start-up
    start = time.perf_counter()
    distill(student, texts, signals, one_epoch, seed=0)
    return (time.perf_counter() - start) * settings.epochs * len(task.train) / len(few)


def _attack_seconds(config: Config, task: Task, tokenizer: object, student: Student) -> float:
    """Seconds of the attack on one text; texts that a fresh student gets wrong are relabelled."""
    victim = ModelVictim(
        lambda ids, mask: student(ids, mask)[0],
        Tokens(tokenizer, config.student.max_length),
        choose_device(),
    )
    few = task.search.head(TIMED_TEXTS)
    with torch.inference_mode():
        labels = victim.logits(victim.encode(few.texts)).argmax(axis=1).tolist()
    attacker = Attacker(attack_spec(config, task))
    attacker.attack(victim, few.texts[:1], labels[:1])  # the first one pays for start-up
    start = time.perf_counter()
    attacker.attack(victim, few.texts, labels)
    return (time.perf_counter() - start) / len(few)

"""The teacher of a run: fine-tuned on the task once and kept."""

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.cache import cached_folder, fingerprint
from kdnas.config import TeacherSettings
from kdnas.distillation import hard_loss
from kdnas.errors import UserError
from kdnas.metrics import score
from kdnas.records import Measurement
from kdnas.students import save_model
from kdnas.tasks import Task
from kdnas.teachers.fitting import require_fitting
from kdnas.teachers.gan_bert import UNLABELLED, GanBert
from kdnas.teachers.head import load_for_task
from kdnas.teachers.pretrained import (
    load_classifier,
    load_tokenizer,
    model_identity,
    token_limit,
)
from kdnas.training import (
    Inputs,
    Schedule,
    answers_of,
    autocast,
    choose_device,
    encode,
    epoch_plan,
    fit,
    logits_of,
    predict,
    take,
)

_STEPS = 600
"""The steps after which a small transformer has learned a task of a few classes."""

_MOST_KEPT_BACK = 1000

OnEpoch = Callable[[int, int, float, float | None], None]
"""Called after each epoch with its number from 1, how many there are, its mean loss, and the score
on the texts kept back; None where none are."""


@dataclass(frozen=True)
class Teacher:
    """A fine-tuned teacher on disk.

    Attributes:
        folder: What `save_pretrained` wrote.
        identity: Fingerprint of model, data and settings.
        max_length: Longest text in tokens.
    """

    folder: Path
    identity: str
    max_length: int

    def load(self, device: torch.device) -> Any:
        """The model in eval mode on `device`."""
        return load_classifier(str(self.folder)).eval().to(device)

    def tokenizer(self) -> Any:
        """Its tokenizer, which students share."""
        return load_tokenizer(str(self.folder))


def prepare_teacher(
    settings: TeacherSettings,
    task: Task,
    max_length: int,
    on_epoch: OnEpoch = lambda epoch, epochs, loss, kept_back: None,
) -> Teacher:
    """The teacher trained on the task's training set; from the cache where it is there.

    With `settings.epochs` 0 the model is taken as it is, already fine-tuned. Its classes are in the
    order of the task's either way (`load_for_task`).

    Raises:
        UserError: The model cannot be loaded or has too few places; or 0 epochs, and it has no
            trained head or tells other classes apart.
    """
    identity = fingerprint(
        model=model_identity(settings.model),
        task=task.fingerprint,
        max_length=max_length,
        head="in the order of the task's classes",  # folders of older versions may have another
        settings=settings.model_dump(exclude={"probe_epochs", "probe_learning_rate"}),
    )

    def make(folder: Path) -> None:
        save_model(*finetune(settings, task, max_length, on_epoch), folder)

    return Teacher(cached_folder(f"teacher-{identity}", make), identity, max_length)


def finetune(
    settings: TeacherSettings, task: Task, max_length: int, on_epoch: OnEpoch
) -> tuple[Any, Any]:
    """Train on true labels, as `settings.method` says; returns the model and its tokenizer.

    With `settings.epochs="auto"` the last tenth of the labelled texts is kept back, and the epoch
    that is best on it, by the task's metric, is returned.

    Raises:
        UserError: The model cannot be trained on the task, or a class has no labelled text.
    """
    torch.manual_seed(settings.seed)
    device = choose_device()
    model, tokenizer = _begun(settings, task, max_length)
    inputs = Inputs.of(tokenizer, model.to(device))
    texts = encode(tokenizer, task.train.texts, max_length)
    seen, kept_back, truth = _divided(settings, task)
    gan = GanBert(model, settings) if settings.method == "gan-bert" else None

    def loss_of(index: np.ndarray) -> Tensor:
        with autocast(device):
            logits = logits_of(model, inputs)(take(texts, seen[index], device))
        labels = truth[seen[index]].to(device)
        return hard_loss(logits.float(), labels) if gan is None else gan.loss(logits, labels)

    schedule = schedule_of_teacher(settings, len(seen))
    rng = np.random.default_rng(settings.seed)
    plan = epoch_plan(texts.lengths[seen], schedule.batch_size, schedule.epochs, rng)
    best: dict[str, Any] = {}
    highest = -1.0

    def on_epoch_of(epoch: int, loss: float) -> None:
        nonlocal best, highest
        if not len(kept_back):
            on_epoch(epoch, schedule.epochs, loss, None)
            return
        logits = predict(logits_of(model.eval(), inputs), texts[kept_back], device)
        model.train()
        found = _score(task, kept_back, answers_of(logits))
        on_epoch(epoch, schedule.epochs, loss, found)
        if found >= highest:
            highest, best = found, deepcopy(model.state_dict())

    # Unlike a student's, the norms, biases and embeddings of a teacher decay too.
    fit(model.train().parameters(), plan, loss_of, schedule, on_epoch_of)
    if best:
        model.load_state_dict(best)
    return model if gan is None else gan.finished(), tokenizer


def _begun(settings: TeacherSettings, task: Task, max_length: int) -> tuple[Any, Any]:
    """The model before its training, and its tokenizer."""
    tokenizer = load_tokenizer(settings.model)
    model = load_for_task(settings.model, task.label_names, trained=not settings.epochs)
    require_fitting(settings.model, model, tokenizer)
    limit = token_limit(model)
    if max_length > limit:
        raise UserError(
            f"teacher {settings.model} has places for {limit} tokens, and texts have up to"
            f" {max_length}: set student.max_length={limit} or less"
        )
    return model, tokenizer


def _divided(settings: TeacherSettings, task: Task) -> tuple[np.ndarray, np.ndarray, Tensor]:
    """The training texts that are gone through, those kept back, and all labels that are told.

    Raises:
        UserError: A class has no labelled text.
    """
    truth = torch.tensor(task.train.labels)
    labelled = settings.labelled(len(truth))
    left_out = set(task.train.labels) - set(task.train.labels[:labelled])
    if left_out and not task.of_numbers:
        raise UserError(
            f"teacher.label_share = {settings.label_share} leaves {labelled} of {len(truth)} texts"
            f" a label, and class {task.label_names[int(min(left_out))]} none: raise it"
        )
    kept = min(labelled // 10, _MOST_KEPT_BACK) if settings.epochs == "auto" else 0
    order = np.arange(len(truth))
    seen, kept_back = order[: labelled - kept], order[labelled - kept : labelled]
    if settings.method == "gan-bert":
        truth[labelled:] = UNLABELLED
        seen = np.concatenate([seen, order[labelled:]])
    return seen, kept_back, truth


def schedule_of_teacher(settings: TeacherSettings, texts: int, steps: float = 1.0) -> Schedule:
    """How a transformer is fine-tuned on so many texts.

    Args:
        settings: Where the epochs are `auto`, they are those that make enough steps.
        texts: Of the training.
        steps: Share of the steps that are made.
    """
    enough = math.ceil(_STEPS / math.ceil(texts / settings.batch_size))
    return Schedule(
        settings.learning_rate,
        min(max(enough, 2), 20) if settings.epochs == "auto" else settings.epochs,
        settings.batch_size,
        settings.weight_decay,
        settings.warmup,
        steps=steps,
    )


def _score(task: Task, index: np.ndarray, answers: np.ndarray) -> float:
    """The score of answers to some training texts, (texts,)."""
    truth = np.array(task.train.labels)[index]
    classes = len(task.label_names)
    return score(Measurement.of(truth, answers, classes, metric=task.metric))

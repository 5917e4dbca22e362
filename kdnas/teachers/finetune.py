"""The teacher of a run: fine-tuned on the task once and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.cache import cached_folder, fingerprint
from kdnas.config import TeacherSettings
from kdnas.errors import UserError
from kdnas.tasks import Task
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
    autocast,
    choose_device,
    encode,
    epoch_plan,
    fit,
    logits_of,
    take,
)

OnEpoch = Callable[[int, float], None]


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
    on_epoch: OnEpoch = lambda epoch, loss: None,
) -> Teacher:
    """The teacher fine-tuned on the task's training set; from the cache where it is there.

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
        model, tokenizer = finetune(settings, task, max_length, on_epoch)
        model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)

    return Teacher(cached_folder(f"teacher-{identity}", make), identity, max_length)


def finetune(
    settings: TeacherSettings, task: Task, max_length: int, on_epoch: OnEpoch
) -> tuple[Any, Any]:
    """Fine-tune on hard labels; returns the model and its tokenizer."""
    torch.manual_seed(settings.seed)
    device = choose_device()
    tokenizer = load_tokenizer(settings.model)
    model = load_for_task(settings.model, task.label_names, trained=not settings.epochs).to(device)
    limit = token_limit(model)
    if max_length > limit:
        raise UserError(
            f"teacher {settings.model} has places for {limit} tokens, and texts have up to"
            f" {max_length}: set student.max_length={limit} or less"
        )
    inputs = Inputs.of(tokenizer, model)
    texts, truth = encode(tokenizer, task.train.texts, max_length), torch.tensor(task.train.labels)

    def loss_of(index: np.ndarray) -> Tensor:
        batch = take(texts, index, device)
        with autocast(device):
            logits = logits_of(model, inputs)(batch.ids, batch.mask)
        return F.cross_entropy(logits.float(), truth[index].to(device))

    schedule = Schedule(
        settings.learning_rate,
        settings.epochs,
        settings.batch_size,
        settings.weight_decay,
        settings.warmup,
    )
    rng = np.random.default_rng(settings.seed)
    plan = epoch_plan(texts.lengths, schedule.batch_size, schedule.epochs, rng)
    # Unlike a student's, the norms, biases and embeddings of a teacher decay too.
    fit(model.train().parameters(), plan, loss_of, schedule, on_epoch)
    return model, tokenizer

"""The teacher of a run: fine-tuned on the task once and kept."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.cache import cached_folder, fingerprint
from kdnas.config import TeacherSettings
from kdnas.tasks import Task
from kdnas.teachers.pretrained import load_classifier, load_tokenizer, model_identity
from kdnas.training import Recipe, choose_device, encode, epoch_plan, fit, label_loss

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

    With `settings.epochs` 0 the model is taken as it is, already fine-tuned.

    Raises:
        UserError: The model cannot be loaded, or has another number of classes and 0 epochs.
    """
    identity = fingerprint(
        model=model_identity(settings.model),
        task=task.fingerprint,
        max_length=max_length,
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
    labels = dict(enumerate(task.label_names))
    tokenizer = load_tokenizer(settings.model)
    model = load_classifier(
        settings.model,
        num_labels=len(labels),
        id2label=labels,
        label2id={name: i for i, name in labels.items()},
    ).to(device)
    texts = encode(tokenizer, task.train.texts, max_length)

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        logits: Tensor = model(input_ids=ids, attention_mask=mask.long()).logits
        return logits

    loss_of = label_loss(forward, texts, task.train.labels, device)
    rng = np.random.default_rng(settings.seed)
    plan = epoch_plan(texts.lengths, settings.batch_size, settings.epochs, rng)
    recipe = Recipe(settings.learning_rate, settings.weight_decay, settings.warmup)
    fit(model.train().parameters(), plan, loss_of, recipe, on_epoch)
    return model, tokenizer

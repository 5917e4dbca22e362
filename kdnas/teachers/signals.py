"""What students learn from: the teacher's logits and probe logits, computed once per data set."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.config import TeacherSettings
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.layers import logits_and_layers
from kdnas.teachers.probes import train_probes
from kdnas.training import choose_device, encode, predict


@dataclass(frozen=True)
class Signals:
    """The teacher on the training set, and how well it does on search-val.

    Attributes:
        logits: (texts, classes), float32.
        probe_logits: Layer 0 is the embedding output, (texts, layers + 1, classes), float32.
        search_logits: Logits on search-val, (texts, classes), float32.
    """

    logits: np.ndarray
    probe_logits: np.ndarray
    search_logits: np.ndarray


def teacher_signals(settings: TeacherSettings, teacher: Teacher, task: Task) -> Signals:
    """The signals of `teacher`, from the cache where they are there and intact."""
    name = fingerprint(teacher=teacher.identity, probes=settings.model_dump())
    arrays = cached_arrays(f"signals-{name}", lambda: _compute(settings, teacher, task))
    return Signals(arrays["logits"], arrays["probe_logits"], arrays["search_logits"])


def _compute(settings: TeacherSettings, teacher: Teacher, task: Task) -> Arrays:
    device = choose_device()
    model, tokenizer = teacher.load(device), teacher.tokenizer()
    train = encode(tokenizer, task.train.texts, teacher.max_length)
    search = encode(tokenizer, task.search.texts, teacher.max_length)
    logits, layers = logits_and_layers(model, train, device)
    labels = torch.tensor(task.train.labels)

    def forward(ids: Tensor, mask: Tensor) -> Tensor:
        return model(input_ids=ids, attention_mask=mask.long()).logits

    return {
        "logits": logits,
        "probe_logits": train_probes(torch.from_numpy(layers), labels, settings).numpy(),
        "search_logits": predict(forward, search, device),
    }

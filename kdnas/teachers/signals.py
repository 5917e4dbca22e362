"""What students learn from: the teacher's logits and probe logits, computed once per data set."""

from dataclasses import dataclass

import numpy as np
import torch

from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.config import TeacherSettings
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.probes import train_probes
from kdnas.training import EncodedTexts, choose_device, encode, predict, take


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
    logits, features = _forward_train(model, train, device)
    labels = torch.tensor(task.train.labels)

    def forward(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return model(input_ids=ids, attention_mask=mask.long()).logits

    return {
        "logits": logits,
        "probe_logits": train_probes(torch.from_numpy(features), labels, settings).numpy(),
        "search_logits": predict(forward, search, device),
    }


@torch.inference_mode()
def _forward_train(
    model: torch.nn.Module, texts: EncodedTexts, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (texts, classes) and a vector per layer (texts, layers + 1, width).

    The vector is the mean token of the embedding output, the first token of every later layer.
    """
    logits, features = None, None
    for index in np.array_split(np.argsort(texts.lengths), max(len(texts) // 64, 1)):
        batch = take(texts, index, device)
        out = model(
            input_ids=batch.ids, attention_mask=batch.mask.long(), output_hidden_states=True
        )
        embedded = out.hidden_states[0] * batch.mask.unsqueeze(-1)
        mean = embedded.sum(dim=1) / batch.mask.sum(dim=1, keepdim=True)
        layers = torch.stack([mean, *(h[:, 0] for h in out.hidden_states[1:])], dim=1)
        if logits is None or features is None:
            logits = np.empty((len(texts), out.logits.shape[1]), np.float32)
            features = np.empty((len(texts), *layers.shape[1:]), np.float32)
        logits[index] = out.logits.float().cpu().numpy()
        features[index] = layers.float().cpu().numpy()
    assert logits is not None
    assert features is not None
    return logits, features

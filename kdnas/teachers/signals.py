"""What students learn from: signals of the teacher on a data set, each computed once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch

from kdnas.cache import cached_arrays, fingerprint
from kdnas.config import TeacherSettings
from kdnas.distillation import TEAM_LOGITS, TEAM_SCORES, Reader
from kdnas.metrics import score
from kdnas.records import Measurement, Text
from kdnas.registry import Registry
from kdnas.tasks import Task
from kdnas.teachers.finetune import Teacher
from kdnas.teachers.large import kept_on_disk, room_on_disk
from kdnas.teachers.layers import logits_and_layers
from kdnas.teachers.probes import ProbeTraining, train_probes
from kdnas.training import (
    EncodedTexts,
    Inputs,
    answers_of,
    choose_device,
    encode,
    logits_of,
    predict,
)


@dataclass(frozen=True)
class Pass:
    """One pass of a teacher over a task, from which its signals are made.

    Attributes:
        teacher: The teacher.
        task: The texts.
        probes: How its probes are trained.
    """

    teacher: Teacher
    task: Task
    probes: ProbeTraining

    @cached_property
    def model(self) -> Any:
        """The teacher itself, in eval mode."""
        return self.teacher.load(choose_device())

    @cached_property
    def inputs(self) -> Inputs:
        """How the teacher reads its texts."""
        return Reader.of(self.model, partial(Inputs.of, self.teacher.tokenizer())).inputs

    @cached_property
    def reads_last(self) -> bool:
        """Whether its last token stands for a text; kept, so that it is not loaded for that."""
        name = f"reads-last-{self.teacher.identity}"
        found = cached_arrays(name, lambda: {"last": np.array([self.inputs.last])})
        return bool(found["last"][0])

    def encoded(self, texts: tuple[Text, ...]) -> EncodedTexts:
        """Texts as the teacher sees them."""
        return encode(self.teacher.tokenizer(), texts, self.teacher.max_length)

    @cached_property
    def training(self) -> tuple[np.ndarray, np.ndarray]:
        """Logits (texts, classes) and states (texts, layers + 1, width) of the training texts."""
        texts = self.encoded(self.task.train.texts)
        return logits_and_layers(self.model, texts, choose_device(), self.inputs, room_on_disk)


def _probe_logits(of: Pass) -> np.ndarray:
    labels = torch.tensor(of.task.train.labels)
    return train_probes(torch.from_numpy(of.training[1]), labels, of.probes).numpy()


def _search_logits(of: Pass) -> np.ndarray:
    texts = of.encoded(of.task.search.texts)
    return predict(logits_of(of.model, of.inputs), texts, choose_device())


SIGNALS: Registry[Callable[[Pass], np.ndarray]] = Registry(
    "signal of the teacher",
    {
        "logits": lambda of: of.training[0],
        "probe_logits": _probe_logits,
        "states": lambda of: of.training[1],
        "search_logits": _search_logits,
    },
)
"""The kinds of signals: how each is made, float32.

- `logits` (texts, classes), of the training texts, as the next two;
- `probe_logits` (texts, layers + 1, classes): those of the probes, layer 0 the embedding output;
- `states` (texts, layers + 1, width): the mean token of layer 0, and of every later one that which
  stands for the text (`Inputs.summary`); they stay on the disk (`large.py`);
- `search_logits` (texts, classes), of search-val.
"""


def teacher_signals(
    settings: TeacherSettings, teacher: Teacher, task: Task, kinds: Iterable[str]
) -> dict[str, np.ndarray]:
    """The signals of a teacher by kind; each is in the cache under its own name, or made now.

    Args:
        settings: How the probes are trained.
        teacher: The teacher.
        task: The texts.
        kinds: What is asked for; names in `SIGNALS`.
    """
    probes = ProbeTraining(
        settings.probe_epochs,
        settings.probe_learning_rate,
        settings.batch_size,
        settings.seed,
    )
    made_from = Pass(teacher, task, probes)  # what is missing is made in one pass
    # Older versions have kept states of the first token.
    read = {"read": "last token"} if made_from.reads_last else {}

    def signal(kind: str) -> np.ndarray:
        make = SIGNALS[kind]
        # Only the probes' own signal depends on how they are trained.
        trained = asdict(probes) if kind == "probe_logits" else None
        part = fingerprint(teacher=teacher.identity, probes=trained, **read)
        if kind == "states":
            return kept_on_disk(f"signals-{kind}-{part}", lambda: make(made_from))
        return cached_arrays(f"signals-{kind}-{part}", lambda: {kind: make(made_from)})[kind]

    return {kind: signal(kind) for kind in kinds}


def team_signals(
    settings: TeacherSettings, team: Sequence[Teacher], task: Task, kinds: Iterable[str]
) -> dict[str, np.ndarray]:
    """The signals of a team: those of its teachers, each of which is in the cache by itself.

    Args:
        settings: How probes would be trained.
        team: The teachers.
        task: The texts.
        kinds: What is asked for; other kinds than `TEAM_LOGITS` and `TEAM_SCORES` are not the
            team's.
    """

    def of_each(kind: str) -> list[np.ndarray]:
        return [teacher_signals(settings, each, task, [kind])[kind] for each in team]

    make = {
        TEAM_LOGITS: lambda: np.stack(of_each("logits"), axis=1),
        TEAM_SCORES: lambda: np.array([_score(task, each) for each in of_each("search_logits")]),
    }
    return {kind: make[kind]() for kind in kinds if kind in make}


def _score(task: Task, logits: np.ndarray) -> float:
    """The score of logits on search-val, (texts, classes)."""
    truth, classes = np.array(task.search.labels), len(task.label_names)
    return score(Measurement.of(truth, answers_of(logits), classes, metric=task.metric))

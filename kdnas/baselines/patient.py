"""PKD: a student of the teacher's first layers that also follows its hidden states (Sun 2019)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from kdnas.config import TeacherSettings
from kdnas.distillation import kd_loss
from kdnas.errors import UserError
from kdnas.tasks import Task
from kdnas.teachers import Teacher, load_classifier, logits_and_layers
from kdnas.training import (
    EncodedTexts,
    Recipe,
    autocast,
    choose_device,
    decay_groups,
    encode,
    epoch_plan,
    fit,
    take,
)

Follow = Literal["skip", "last"]


@dataclass(frozen=True)
class PatientRecipe:
    """How a student is taught; the rates that Sun 2019 tried are in brackets.

    Attributes:
        layers: Of the student; None for half the teacher's.
        follow: Which teacher layers it follows, see `followed_layers`.
        alpha: Share of the teacher's answers, the rest are true labels (0.2, 0.5, 0.7).
        beta: Weight of the hidden states (10, 100, 500, 1000).
        temperature: Of the teacher's answers (5, 10, 20).
        learning_rate: At the end of the warm-up (1e-5, 2e-5, 5e-5).
    """

    layers: int | None = None
    follow: Follow = "skip"
    alpha: float = 0.5
    beta: float = 100.0
    temperature: float = 5.0
    learning_rate: float = 5e-5
    epochs: int = 4
    batch_size: int = 32


def followed_layers(student: int, teacher: int, follow: Follow) -> tuple[int, ...]:
    """The teacher's layer that each layer of the student but its last follows, counted from 1.

    `skip` spreads them over the teacher, `last` takes those under its last layer (Sun 2019,
    section 3.2): of 12 for 6 these are 2, 4, 6, 8, 10 and 7, 8, 9, 10, 11.

    Args:
        student: Its layers.
        teacher: Its layers.
        follow: The rule.

    Raises:
        UserError: The student has no layer, or more than the teacher.
    """
    if not 1 <= student <= teacher:
        raise UserError(f"a PKD student of a teacher with {teacher} layers has 1 to {teacher}")
    layers = range(1, student)
    if follow == "last":
        return tuple(teacher - student + layer for layer in layers)
    return tuple(round(layer * teacher / student) for layer in layers)


def patient_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared difference of the states of the first token, each scaled to length 1.

    Sun 2019, eq. 7, but the mean over texts, layers and features; at most 4 / width.

    Args:
        student: (texts, layers, width).
        teacher: Of the layers that these follow, (texts, layers, width).

    Returns:
        A scalar; 0 without layers.
    """
    if not student.numel():
        return student.new_zeros(())
    return F.mse_loss(F.normalize(student, dim=-1), F.normalize(teacher.detach(), dim=-1))


def distil_patiently(
    settings: TeacherSettings, teacher: Teacher, task: Task, recipe: PatientRecipe, seed: int
) -> Any:
    """A student of the teacher's kind with fewer layers, taught by PKD, in eval mode.

    L = (1 - alpha) CE + alpha KD + beta PT (Sun 2019, eq. 8). It begins with the first layers of
    the model that the teacher was fine-tuned from.

    Args:
        settings: Of the teacher.
        teacher: Fine-tuned on the task.
        task: Its training texts are used, with their labels.
        recipe: Layers, weights and rates.
        seed: Decides the classifier's start, dropout and the order of the texts.

    Raises:
        UserError: The student would have more layers than the teacher.
        EvaluationFailed: The loss is not finite.
    """
    device = choose_device()
    elder = teacher.load(device)
    depth = elder.config.num_hidden_layers
    layers = max(depth // 2, 1) if recipe.layers is None else recipe.layers
    followed = followed_layers(layers, depth, recipe.follow)
    texts = encode(teacher.tokenizer(), task.train.texts, teacher.max_length)
    logits, states = logits_and_layers(elder, texts, device)
    torch.manual_seed(seed)
    names = dict(enumerate(task.label_names))
    student = load_classifier(
        settings.model,
        num_hidden_layers=layers,
        num_labels=len(names),
        id2label=names,
        label2id={name: i for i, name in names.items()},
    ).to(device)
    loss_of = _loss_of(student, texts, task.train.labels, logits, states[:, list(followed)], recipe)
    plan = epoch_plan(texts.lengths, recipe.batch_size, recipe.epochs, np.random.default_rng(seed))
    fit(decay_groups(student.train()), plan, loss_of, Recipe(recipe.learning_rate))
    return student.eval()


def _loss_of(
    student: Any,
    texts: EncodedTexts,
    labels: tuple[int, ...],
    logits: np.ndarray,
    states: np.ndarray,
    recipe: PatientRecipe,
) -> Callable[[np.ndarray], Tensor]:
    """The loss of the batch of `texts` at some positions."""
    device = student.device
    truth = torch.tensor(labels, device=device)
    teacher_logits = torch.from_numpy(logits).to(device)
    teacher_states = torch.from_numpy(states).to(device)

    def loss_of(index: np.ndarray) -> Tensor:
        batch = take(texts, index, device)
        with autocast(device):
            out = student(
                input_ids=batch.ids, attention_mask=batch.mask.long(), output_hidden_states=True
            )
        found = out.logits.float()
        ce = F.cross_entropy(found, truth[batch.index])
        kd = kd_loss(found, teacher_logits[batch.index], recipe.temperature)
        inner = torch.stack([h[:, 0].float() for h in out.hidden_states[1:]], dim=1)[:, :-1]
        patience = patient_loss(inner, teacher_states[batch.index])
        return (1 - recipe.alpha) * ce + recipe.alpha * kd + recipe.beta * patience

    return loss_of

"""The masked language model of a teacher, trained on the texts of a task and kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from transformers import AutoModelForMaskedLM

from kdnas.cache import cached_folder, fingerprint
from kdnas.config import TeacherSettings
from kdnas.distillation import Masked, Rewriter, hide, word_logits
from kdnas.errors import UserError
from kdnas.model_names import resolve_model
from kdnas.records import Text
from kdnas.tasks import Task
from kdnas.teachers.pretrained import load_tokenizer, model_identity
from kdnas.training import Schedule, autocast, choose_device, encode, epoch_plan, fit, take

SHARE, EPOCHS, RATE, BATCH = 0.15, 3, 5e-5, 32
"""Of the tokens, those that are hidden (Devlin 2019); and how it is trained on a task's texts."""


def prepare_rewriter(settings: TeacherSettings, task: Task, max_length: int) -> Rewriter:
    """The model that the teacher began as, as a masked language model of the task's texts.

    Where it has no head for that, the head is trained here too.

    Raises:
        UserError: It is no masked language model, or its tokenizer has no mask token.
    """
    fresh = rewriter_with(settings.model, partial(_load, resolve_model(settings.model)))
    name = fingerprint(
        model=model_identity(settings.model), task=task.fingerprint, length=max_length,
        seed=settings.seed, training=[SHARE, EPOCHS, RATE, BATCH],
    )  # fmt: skip

    def make(folder: Path) -> None:
        torch.manual_seed(settings.seed)
        tokenizer = load_tokenizer(settings.model)
        train_rewriter(fresh, tokenizer, task.train.texts, max_length).save_pretrained(folder)

    folder = cached_folder(f"rewriter-{name}", make)
    return replace(fresh, load=partial(_load, str(folder)))


def rewriter_with(name: str, load: Callable[[torch.device], Any]) -> Rewriter:
    """A rewriter of a model's vocabulary.

    Args:
        name: Whose tokenizer it has.
        load: Loads its model onto a device.

    Raises:
        UserError: The tokenizer has no mask token.
    """
    tokenizer = load_tokenizer(name)
    if tokenizer.mask_token_id is None:
        raise UserError(
            f"teacher {name} has no mask token: a generator of texts needs a masked language"
            " model, such as BERT"
        )
    special = tuple(tokenizer.all_special_ids)
    return Rewriter(load, tokenizer.mask_token_id, special, tokens=len(tokenizer))


def train_rewriter(
    rewriter: Rewriter, tokenizer: Any, texts: tuple[Text, ...], max_length: int
) -> Any:
    """The model after some epochs of filling in hidden tokens."""
    device = choose_device()
    model = rewriter.load(device).train()
    encoded = encode(tokenizer, texts, max_length)

    def loss_of(index: np.ndarray) -> Tensor:
        masked = hide(take(encoded, index, device), SHARE, rewriter)
        return masked_loss(model, rewriter, masked)

    plan = epoch_plan(encoded.lengths, BATCH, EPOCHS, np.random.default_rng(0))
    fit(model.parameters(), plan, loss_of, Schedule(RATE, EPOCHS))
    return model


def masked_loss(model: Any, rewriter: Rewriter, masked: Masked) -> Tensor:
    """The cross entropy of the hidden tokens, in nats; 0 where none is hidden."""
    with autocast(model.device):
        logits = word_logits(model, rewriter, masked)
    truth = masked.batch.ids[masked.hidden]
    return F.cross_entropy(logits, truth, reduction="sum") / max(len(truth), 1)


@contextmanager
def masked_models_only(name: str) -> Iterator[None]:
    """Refuse in a line what transformers knows no masked language model of.

    Raises:
        UserError: It is a model of another kind.
    """
    try:
        yield
    except ValueError as error:
        raise UserError(
            f"teacher {name} is no masked language model, which a generator of texts has to be:"
            " take BERT or another method"
        ) from error


def _load(place: str, device: torch.device) -> Any:
    with masked_models_only(place):
        model = AutoModelForMaskedLM.from_pretrained(
            place, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
    return model.eval().to(device)

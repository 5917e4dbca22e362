"""Models as large as a teacher and its generator of texts, which know nothing: for an estimate."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from transformers import AutoModelForMaskedLM, AutoModelForSequenceClassification

from kdnas.distillation import Rewriter
from kdnas.teachers.pretrained import load_config
from kdnas.teachers.rewriter import masked_models_only, rewriter_with


def untrained_teacher(name: str, classes: int) -> Callable[[torch.device], Any]:
    """What loads a classifier of the size of a model, with random weights.

    Raises:
        UserError: The configuration of the model cannot be had.
    """
    config = load_config(name)
    config.num_labels = classes
    model = AutoModelForSequenceClassification.from_config(config).eval()
    return lambda device: model.to(device)


def untrained_rewriter(name: str) -> Rewriter:
    """A rewriter of the size of a model, with random weights.

    Raises:
        UserError: The configuration cannot be had, or the model is no masked language model.
    """
    config = load_config(name)
    with masked_models_only(name):
        model: Any = AutoModelForMaskedLM.from_config(config)
    return rewriter_with(name, lambda device: deepcopy(model).eval().to(device))

"""Embedding tables for students, projected from a teacher's and kept per width."""

from typing import Any

import numpy as np
import torch
from torch import nn

from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.students import initial_tables
from kdnas.teachers.finetune import Teacher

_FORM = 2
"""Of the tables; it goes up where they are made in another way."""


def student_tables(teacher: Teacher, width: int) -> Arrays:
    """Tables of hidden width `width` as `initial_tables` makes them, from the cache where they are.

    A teacher that knows distances only (DeBERTa, XLNet) has no table of positions to start from.
    """
    name = fingerprint(teacher=teacher.identity, width=width, form=_FORM)
    return cached_arrays(f"tables-{name}", lambda: _compute(teacher, width))


def _compute(teacher: Teacher, width: int) -> Arrays:
    model = teacher.load(torch.device("cpu"))
    words = model.get_input_embeddings().weight.detach().numpy()
    return initial_tables(words, _positions(model, teacher.tokenizer()), width)


def _positions(model: Any, tokenizer: Any) -> np.ndarray | None:
    """The table of absolute positions, from that of the first token on; None where there is none.

    Whatever its name, it is the one in which consecutive numbers are looked up (RoBERTa's from 2).
    """
    words = model.get_input_embeddings()
    found: list[np.ndarray] = []

    def look(table: nn.Embedding, arguments: tuple[Any, ...]) -> None:
        numbers = arguments[0].flatten()
        if table.embedding_dim == words.embedding_dim and bool((numbers.diff() == 1).all()):
            found.append(table.weight.detach().numpy()[int(numbers[0]) :])

    for module in model.modules():
        if isinstance(module, nn.Embedding) and module is not words:
            module.register_forward_pre_hook(look)
    with torch.no_grad():
        model(**tokenizer("a text of several words", return_tensors="pt"))
    return found[0] if found else None

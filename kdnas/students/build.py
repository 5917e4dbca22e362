"""`build`: a fresh student as a Hugging Face model, for every use of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from kdnas.cache import Arrays
from kdnas.space import NetworkShape
from kdnas.students.embedding import load_tables
from kdnas.students.pretrained import StudentForSequenceClassification


@dataclass(frozen=True)
class Blueprint:
    """What the students of a run have in common besides their architectures.

    Attributes:
        shape: Vocabulary, classes, and the choices that the paper leaves open.
        labels: Names of the classes.
        token_limit: Longest text that they see, in tokens.
        dropout: Share of features that are dropped in training.
        device: Where they are trained.
    """

    shape: NetworkShape
    labels: tuple[str, ...]
    token_limit: int
    dropout: float
    device: torch.device


def build(
    architecture: str,
    blueprint: Blueprint,
    seed: int,
    tables: Callable[[int], Arrays] | None = None,
    form: type[StudentForSequenceClassification] = StudentForSequenceClassification,
) -> Any:
    """Build a student that has not been trained.

    Args:
        architecture: JSON of the architecture; that of a canonical form is kept in the config.
        blueprint: What it shares with other students.
        seed: Decides its weights.
        tables: From its number of features to embedding tables that it starts from; None for
            random ones.
        form: The class of the model, such as that of AdaBERT's cells.
    """
    config = form.config_class.of(
        architecture, blueprint.shape, blueprint.labels, blueprint.token_limit, blueprint.dropout
    )
    torch.manual_seed(seed)
    student: Any = form(config)
    if tables is not None:
        load_tables(student.student.embedding, tables(student.get_input_embeddings().embedding_dim))
    return student.to(blueprint.device)

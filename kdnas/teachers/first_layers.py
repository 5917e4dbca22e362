"""Students that are a shorter teacher."""

from collections.abc import Sequence
from typing import Any

import torch

from kdnas.errors import UserError
from kdnas.teachers.head import load_for_task
from kdnas.teachers.pretrained import load_config


def first_layers(
    name: str,
    label_names: Sequence[str],
    layers: int | None,
    seed: int,
    device: torch.device,
) -> Any:
    """A student that begins with the first layers of a pre-trained transformer.

    Args:
        name: The model that the teacher was fine-tuned from.
        label_names: The classes.
        layers: Layers of the student; None for half of the teacher's.
        seed: Decides the start of a fresh head.
        device: Where the student is.

    Raises:
        UserError: The student would have no layer, or more than the teacher.
    """
    depth = load_config(name).num_hidden_layers
    chosen = max(depth // 2, 1) if layers is None else layers
    if not 1 <= chosen <= depth:
        raise UserError(
            f"a student of {chosen} layers of a teacher with {depth}: set distill.pkd.layers to 1"
            f" to {depth}"
        )
    torch.manual_seed(seed)
    return load_for_task(name, label_names, num_hidden_layers=chosen).to(device)

"""Students that are a shorter teacher."""

import copy
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

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
            f"a student of {chosen} layers of a teacher with {depth}: take 1 to {depth}"
        )
    torch.manual_seed(seed)
    return load_for_task(name, label_names, num_hidden_layers=chosen).to(device)


def every_layers(
    name: str, label_names: Sequence[str], step: int, seed: int, device: torch.device
) -> Any:
    """A student that begins with every so-many-th layer of a pre-trained transformer.

    Args:
        name: The model that the teacher was fine-tuned from.
        label_names: The classes.
        step: 2 for the second, fourth, ... layer.
        seed: Decides the start of a fresh head.
        device: Where the student is.

    Raises:
        UserError: The student would have no layer.
    """
    depth = load_config(name).num_hidden_layers
    if not 1 <= step <= depth:
        raise UserError(f"every {step}. layer of a teacher with {depth}: take every 1. to {depth}.")
    kept = range(step, depth + 1, step)
    return some_layers(name, label_names, kept, seed, device)


def some_layers(
    name: str,
    label_names: Sequence[str],
    layers: Sequence[int],
    seed: int,
    device: torch.device,
    trained: bool = False,
) -> Any:
    """A student that begins with some layers of a pre-trained transformer.

    Args:
        name: The transformer.
        label_names: The classes.
        layers: Which, from 1, in rising order.
        seed: Decides the start of a fresh head.
        device: Where the student is.
        trained: Whether the transformer has to classify, so that its head is taken along.

    Raises:
        UserError: The transformer has fewer layers, or does not tell these classes apart.
    """
    depth = getattr(load_config(name), "num_hidden_layers", 0)
    if layers[-1] > depth:
        some = f"name some of 1 to {depth}" if depth else "name a transformer"
        raise UserError(f"layer {layers[-1]} of {name}, which has {depth} layers: {some}")
    torch.manual_seed(seed)
    whole = load_for_task(name, label_names, trained)
    kept = [layer - 1 for layer in layers]
    config = copy.deepcopy(whole.config)
    for key, value in vars(config).items():
        if isinstance(value, list) and len(value) == depth:  # what each layer is like
            setattr(config, key, [value[layer] for layer in kept])
    config.num_hidden_layers = len(kept)
    for module in list(whole.modules()):
        for child, stack in module.named_children():
            if isinstance(stack, nn.ModuleList) and len(stack) == depth:
                setattr(module, child, nn.ModuleList(stack[layer] for layer in kept))
    # A new one: whoever loads the student later builds it from its configuration too.
    student = type(whole)(config)
    student.load_state_dict(whole.state_dict())
    return student.to(device)

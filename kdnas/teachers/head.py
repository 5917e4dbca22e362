"""Pre-trained classifiers whose classes are brought into the order of a task."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kdnas.errors import UserError
from kdnas.resources.classes import UNNAMED, order_of
from kdnas.students import class_layer
from kdnas.teachers.fitting import (
    class_names,
    require_one_number,
    require_one_of_several,
    require_shapes,
    require_whole,
)
from kdnas.teachers.pretrained import load_classifier, load_config


def load_for_task(
    name: str, label_names: Sequence[str], trained: bool = False, **config: Any
) -> Any:
    """A pre-trained model with a classification head for these classes, in this order.

    A head whose classes are the task's in another order is permuted, whether or not the model is
    trained further; case does not count. Any other head is taken as it stands where it has as many
    classes, and else replaced by a fresh one. What is not the head has to fit either way.

    Args:
        name: A hub id, a folder, or a name in `kdnas.model_names.OFFLINE_MODELS`.
        label_names: The classes of the task; one name where its labels are numbers.
        trained: Whether the model has to classify as it is: its head must be there, and its classes
            must be the task's or have no names.
        **config: Further settings of the model, such as its number of layers.

    Raises:
        UserError: The model cannot be loaded, or it is none that classifies as it is.
    """
    own = load_config(name)
    if own.is_encoder_decoder:
        raise UserError(
            f"{name} reads texts with an encoder and a decoder, and students learn from the layers"
            " of one stack: name another teacher.model (`kdnas attack` takes this one)"
        )
    own_names = [str(label) for _, label in sorted(own.id2label.items())]
    numbers = len(label_names) == 1
    order = None if numbers else order_of(own_names, label_names)
    if trained and numbers:
        require_one_number(name, own)
    elif trained:
        require_one_of_several(name, own)
        class_names(name, own)
        _require_classes(name, own_names, label_names, order)
    model, report = load_classifier(
        name,
        num_labels=len(label_names),
        id2label=dict(enumerate(label_names)),
        label2id={label: i for i, label in enumerate(label_names)},
        problem_type="regression" if numbers else None,  # not that of what it starts from
        ignore_mismatched_sizes=True,
        output_loading_info=True,
        **config,
    )
    encoder = f"{model.base_model_prefix}."
    require_shapes(name, report, "" if trained else encoder)
    if trained:
        require_whole(name, report)
    if order is not None and order != list(range(len(order))):
        _permute(name, model, order)
    return model


def _require_classes(
    name: str, own: Sequence[str], wanted: Sequence[str], order: Sequence[int] | None
) -> None:
    unnamed = all(map(UNNAMED.fullmatch, own))
    if order is not None or (unnamed and len(own) == len(wanted)):
        return
    rename = "name the classes alike in id2label of its config.json, or "
    raise UserError(
        f"teacher {name} tells {', '.join(own)} apart, the task {', '.join(wanted)}:"
        f" {rename if len(own) == len(wanted) else ''}fine-tune it with teacher.epochs=auto"
    )


def few_tokens(model: Any) -> Tensor:
    """The first tokens of a vocabulary as a text, (1, 8)."""
    ids = torch.arange(1, 9, device=model.device).unsqueeze(0)
    return ids % model.get_input_embeddings().num_embeddings


def _permute(name: str, model: Any, order: list[int]) -> None:
    """Reorder the classes of a model's head.

    What the model says of a few tokens before and after tells whether that was right.
    """
    place, ids = class_layer(model), few_tokens(model)
    model.eval()
    with torch.no_grad():
        before = model(input_ids=ids).logits
        for parameter in model.get_submodule(place).parameters(recurse=False) if place else ():
            parameter.copy_(parameter[order].clone())
        if not torch.allclose(model(input_ids=ids).logits, before[:, order], atol=1e-5):
            raise UserError(
                f"the classes of model {name} stand in another order than the task's, and its head"
                " is of no known kind: save it with the order of the task"
            )

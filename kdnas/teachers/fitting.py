"""What a saved model has to be: its weights, tokenizer and classes belong together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from kdnas.errors import UserError


def require_fitting(name: str, model: Any, tokenizer: Any) -> None:
    """Refuse a tokenizer that makes tokens which the model has no row for.

    Raises:
        UserError: The tokenizer is larger than the model's table of words.
    """
    rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > rows:
        raise UserError(
            f"the tokenizer of {name} has {len(tokenizer)} tokens, the model {rows}: they do not"
            " belong together; save the model's own tokenizer there"
        )


def class_names(name: str, config: Any) -> list[str]:
    """The classes of a model in the order of its logits; a name that is a number is read as text.

    Raises:
        UserError: `id2label` leaves out numbers, or two classes have one name.
    """
    numbers = sorted(config.id2label)
    if numbers != list(range(len(numbers))):
        raise UserError(
            f"id2label of {name} has the numbers {', '.join(map(str, numbers))}: number its"
            f" {len(numbers)} classes from 0 on in its config.json"
        )
    names = [str(config.id2label[number]) for number in numbers]
    twice = [label for label, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"id2label of {name} calls two classes {twice[0]}: name each differently in its"
            " config.json"
        )
    return names


def require_one_of_several(name: str, config: Any) -> None:
    """Refuse a model whose logits are not those of classes of which one is right.

    Raises:
        UserError: It is made for regression, or for several labels at once.
    """
    kind = "regression" if config.num_labels == 1 else config.problem_type
    if kind in ("regression", "multi_label_classification"):
        raise UserError(
            f"{name} is made for {kind.replace('_', '-', 1).replace('_', ' ')}, not to choose one"
            " class of several: name a classifier whose problem_type is single_label_classification"
        )


def require_one_number(name: str, config: Any) -> None:
    """Refuse a model that has not one output.

    Raises:
        UserError: It tells classes apart.
    """
    if config.num_labels != 1:
        raise UserError(
            f"teacher {name} has {config.num_labels} outputs, and labels are numbers: name a model"
            " for regression, or fine-tune it with teacher.epochs=auto"
        )


def require_whole(name: str, report: Mapping[str, Iterable[str]]) -> None:
    """Refuse a model whose weights are not exactly those of its network.

    Some are missing of an encoder without a trained head, and some are too many where the
    configuration was changed.

    Args:
        name: The model.
        report: What transformers says about the loading of it.

    Raises:
        UserError: It names the first of them.
    """
    missing, unexpected = (sorted(report[f"{kind}_keys"]) for kind in ("missing", "unexpected"))
    if missing:
        raise UserError(
            f"{name} holds no trained classifier: {', '.join(missing[:3])}"
            f" {'is' if len(missing) == 1 else 'are'} missing; fine-tune it first"
        )
    if unexpected:
        raise UserError(
            f"{name} holds weights that its network does not have, such as {unexpected[0]}: restore"
            " its config.json, or, if they are of no use, load it with transformers and save it"
            " again with save_pretrained"
        )


def require_shapes(name: str, report: Mapping[str, Iterable[Any]], among: str = "") -> None:
    """Refuse a model some of whose weights have other shapes than its configuration says.

    transformers would begin with random numbers in their place.

    Args:
        name: The model.
        report: What transformers says about the loading of it.
        among: Only weights whose names begin so have to fit.

    Raises:
        UserError: It names the first of them.
    """
    # Older versions of transformers give the two shapes with each name.
    names = (key if isinstance(key, str) else key[0] for key in report["mismatched_keys"])
    other = sorted(name for name in names if name.startswith(among))
    if other:
        raise UserError(
            f"weights of {name} have other shapes than its config.json says, such as {other[0]}:"
            " restore the config.json that belongs to them"
        )

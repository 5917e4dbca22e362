"""The sources of pre-trained models: a package, a folder or the hub; and its identity."""

from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.tokenization_utils_base import VERY_LARGE_INTEGER

from kdnas.errors import UserError
from kdnas.model_names import (
    OFFLINE_MODELS,
    not_loaded,
    require_model,
    require_tokenizer,
    resolve_model,
)
from kdnas.offline import content_hash, expected_hash
from kdnas.teachers.fitting import (
    require_fitting,
    require_one_of_several,
    require_shapes,
    require_whole,
)


def model_identity(name: str) -> str:
    """What a model is, for cache keys: a content hash, or hub id and commit."""
    if name in OFFLINE_MODELS:
        return expected_hash(OFFLINE_MODELS[name])
    if Path(name).is_dir():
        return content_hash(Path(name))
    return f"{name}@{getattr(load_config(name), '_commit_hash', None)}"


def load_config(name: str) -> Any:
    """The configuration of a model.

    Raises:
        UserError: The model cannot be found or reached.
    """
    return _loaded(AutoConfig, name)


def load_tokenizer(name: str) -> Any:
    """The tokenizer of a model; where it has no padding of its own it pads with the end token.

    A limit of its length that is no number of tokens is none.

    Raises:
        UserError: The model cannot be found or reached, or its tokenizer has nothing to pad with.
    """
    tokenizer = _loaded(AutoTokenizer, name)
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise UserError(
                f"the tokenizer of {name} has neither a pad_token nor an eos_token: set pad_token"
                " in its tokenizer_config.json"
            )
        tokenizer.pad_token = tokenizer.eos_token
    limit = tokenizer.model_max_length
    is_limit = isinstance(limit, int | float) and 1 <= limit < VERY_LARGE_INTEGER
    tokenizer.model_max_length = int(limit) if is_limit else VERY_LARGE_INTEGER
    return tokenizer


def require_vocabulary(name: str, tokenizer: Any) -> None:
    """Refuse a model that reads other tokens than the teacher, whose ids it is given.

    Args:
        name: A hub id or a folder.
        tokenizer: The teacher's.

    Raises:
        UserError: Its vocabulary is another.
    """
    if load_tokenizer(name).get_vocab() != tokenizer.get_vocab():
        raise UserError(
            f"{name} has another vocabulary than the teacher: name a model whose tokenizer is"
            " the teacher's, or the teacher that it goes with"
        )


def load_classifier(name: str, **config: Any) -> Any:
    """The model with a classification head, in float32; weights from safetensors only, no code.

    It knows the token that its tokenizer pads with: GPT-2 reads the class off the last other one.

    Raises:
        UserError: The model cannot be found or reached, or there are other weights than these.
    """
    folder = Path(resolve_model(name))
    if not any(folder.glob("*.safetensors")) and any(folder.glob("*.bin")):
        raise UserError(
            f"{name} has weights in pickle files, which may run code, and none in safetensors: if"
            " you trust it, load it once with transformers and save it with save_pretrained"
        )
    weights = {"use_safetensors": True, "dtype": torch.float32}  # in whatever they are saved
    found = _loaded(AutoModelForSequenceClassification, name, **weights, **config)
    model = found[0] if isinstance(found, tuple) else found
    if getattr(model.config, "pad_token_id", None) is None:  # not every configuration has one
        model.config.pad_token_id = load_tokenizer(name).pad_token_id
    return found


def token_limit(model: Any) -> int:
    """The most tokens of a text that a model has places for.

    RoBERTa's table begins with rows that no token stands at, up to that of the padding; XLNet says
    -1 where it knows distances only.
    """
    config = model.config
    named = (getattr(config, name, None) for name in ("token_limit", "max_position_embeddings"))
    tables = (
        layer.num_embeddings - (0 if layer.padding_idx is None else layer.padding_idx + 1)
        for name, layer in model.named_modules()
        if name.endswith("position_embeddings") and isinstance(layer, nn.Embedding)
    )
    limits = [limit for limit in (*named, *tables) if limit is not None and limit > 0]
    return min(limits, default=VERY_LARGE_INTEGER)


def load_trained_classifier(folder: Path) -> tuple[Any, Any]:
    """A saved classifier, in eval mode, and its tokenizer.

    Raises:
        UserError: Weights are missing or too many, there is no tokenizer, it is another model's,
            or the model tells no classes apart.
    """
    require_tokenizer(folder)
    require_one_of_several(str(folder), load_config(str(folder)))
    model, found = load_classifier(
        str(folder), output_loading_info=True, ignore_mismatched_sizes=True
    )
    require_shapes(str(folder), found)
    require_whole(str(folder), found)
    tokenizer = load_tokenizer(str(folder))
    require_fitting(str(folder), model, tokenizer)
    return model.eval(), tokenizer


def _loaded(auto: Any, name: str, **arguments: Any) -> Any:
    place = require_model(name)
    try:
        return auto.from_pretrained(place, trust_remote_code=False, **arguments)
    except Exception as error:  # the hub raises many types; for the user they are one
        raise not_loaded(name, " ".join(str(error).split())[:160]) from error

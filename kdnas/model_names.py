"""Names of models: a folder, a hub id, or one of the offline extra; told apart without torch."""

import json
import os
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from kdnas.errors import UserError
from kdnas.offline import offline_path

OFFLINE_MODELS = {"offline:minilm": "minilm"}
"""Model names that stand for a file of the offline extra."""

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
)
"""Files of which a tokenizer has at least one."""

ANOTHER_MODEL = (
    "name a folder that save_pretrained wrote, a hub id that can be reached, or offline:minilm"
)
"""What to do where there is no model."""

_HEADLESS = ("model", "formaskedlm", "forpretraining", "forcausallm", "lmheadmodel")
"""How the names of transformers' classes without a head of classes go on after the kind of model,
in small letters; a class of somebody's own has another name."""

_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_PATIENCE = 5.0  # seconds for the first word of the hub


def resolve_model(name: str) -> str:
    """The path or hub id behind a model name.

    Raises:
        UserError: An unknown `offline:` name, or the offline extra is missing.
    """
    if name in OFFLINE_MODELS:
        return str(offline_path(OFFLINE_MODELS[name]))
    if name.startswith("offline:"):
        raise UserError(f"teacher {name!r}: offline there is {', '.join(OFFLINE_MODELS)}")
    return name


def require_model(name: str) -> str:
    """The path or hub id behind a model name that may be one.

    transformers would ask the hub for whatever is no folder, and complain of its id.

    Raises:
        UserError: It is a path, and there is no model.
    """
    place = resolve_model(name)
    reason = no_model(place)
    if reason:
        raise not_loaded(name, reason)
    return place


def require_tokenizer(folder: Path) -> None:
    """Refuse a folder of a model in which there is no file of a tokenizer.

    Raises:
        UserError: As it says.
    """
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise UserError(f"no tokenizer in {folder}: save it there with save_pretrained")


def require_head(folder: Path) -> None:
    """Refuse a folder whose model has no head of classes, as far as its class in transformers says.

    Raises:
        UserError: As it says.
    """
    kind, classes = _kind_of(folder)
    headless = {kind + ending for ending in _HEADLESS}
    named = [each for each in classes if each.lower() in headless]
    if named and len(named) == len(classes):
        raise UserError(
            f"{folder} holds no trained classifier: {named[0]} has no head of classes; fine-tune it"
            " first"
        )


def _kind_of(folder: Path) -> tuple[str, list[str]]:
    """What a model is in the names of transformers' classes, and its own; as far as it says so."""
    try:
        content = json.loads((folder / "config.json").read_bytes())
        classes = [str(each) for each in content["architectures"]]
        return re.sub(r"\W|_", "", content["model_type"]).lower(), classes
    except (OSError, ValueError, LookupError, TypeError):
        return "", []  # said where it is loaded


def not_loaded(name: str, reason: str) -> UserError:
    """The refusal of a model that cannot be had."""
    return UserError(f"cannot load model {name!r} ({reason}); {ANOTHER_MODEL}")


def is_hub_id(name: str) -> bool:
    """Whether a name of a model or data set that is no path here has the form of a hub id."""
    return bool(_HUB_ID.fullmatch(name)) and not Path(name).exists()


def leave_hub_alone_where_unreachable() -> None:
    """Have Hugging Face's libraries look into their caches only, where the hub does not answer.

    They would find out by themselves, after 23 seconds of retries for each file. It has to be said
    before they are imported.
    """
    if "HF_HUB_OFFLINE" not in os.environ and not answers(hub_address()):
        os.environ["HF_HUB_OFFLINE"] = "1"


def hub_address() -> str:
    """The address of the Hugging Face hub."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def answers(address: str) -> bool:
    """Whether the machine of a URL takes a connection; whoever has a proxy is left to it."""
    url = urlsplit(address)
    if getproxies():
        return True
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        socket.create_connection((url.hostname or "", port), _PATIENCE).close()
    except OSError:
        return False
    return True


def no_model(place: str) -> str:
    """Why there can be no model at a path or under a hub id; "" where there can."""
    path = Path(place)
    if path.is_dir():
        return "" if (path / "config.json").is_file() else "there is no config.json in it"
    if path.exists():
        return "it is a file, not a folder"
    beside = len(path.parts) > 1 and Path(path.parts[0]).is_dir()
    return "there is no such folder" if beside or not _HUB_ID.fullmatch(place) else ""

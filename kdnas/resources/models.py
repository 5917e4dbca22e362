"""A teacher and its tokenizer: a folder, a model of the offline extra, or one of the hub."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from kdnas.errors import UserError
from kdnas.model_names import (
    ANOTHER_MODEL,
    OFFLINE_MODELS,
    TOKENIZER_FILES,
    hub_address,
    no_model,
    resolve_model,
)
from kdnas.paper_files.fetching import Report
from kdnas.paper_files.whole import HALF, MISSING
from kdnas.resources.hub import models_cache
from kdnas.resources.offline import offline_resource
from kdnas.resources.resource import DAMAGED, Resource

_FETCHED = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is fetched of a model: no code, no weights in other formats."""

_INDEX = "model.safetensors.index.json"

_WITHOUT_VOCABULARY = {"byt5", "canine", "perceiver"}
"""Kinds of models whose tokenizers read characters or bytes and need nothing but settings."""

_HUB = {"bert-base-uncased": (440_450_338, 697_618, "Apache-2.0 (model card)")}
"""Bytes of weights and configuration, bytes of the tokenizer and licence of the presets' models."""


def model_resources(name: str, role: str = "teacher") -> list[Resource]:
    """The weights and the tokenizer of a model.

    Args:
        name: A folder, a hub id or an `offline:` name.
        role: What the model is to the run.

    Raises:
        UserError: An `offline:` name that there is not.
    """
    if name in OFFLINE_MODELS:
        return [offline_resource(f"{role} and tokenizer {name}", OFFLINE_MODELS[name])]
    path = Path(resolve_model(name))
    reason = no_model(name)
    if reason:
        return [Resource(f"model {name}", path, problem=reason, cure=ANOTHER_MODEL)]
    if path.is_dir():
        problems = (_no_weights(path), _no_words(path))
        known = _known(f"{role} {name}", name, path, "", problems, (None, None))
        return [replace(r, cure="save it there again with save_pretrained") for r in known]
    return _of_hub(name, role)


def files_of(name: str) -> Path:
    """The folder of a model's files.

    Raises:
        FileNotFoundError: It is not here yet.
    """
    path = Path(resolve_model(name))
    folder = path if path.is_dir() else _snapshot(_cached(name))
    if folder is None:
        raise FileNotFoundError(name)
    return folder


def vocabulary(name: str) -> int:
    """Rows of the word table that a tokenizer asks for, 1 at least where it is not here yet."""
    from tokenizers import Tokenizer

    try:
        size: int = Tokenizer.from_file(str(files_of(name) / "tokenizer.json")).get_vocab_size()
    except Exception:  # whatever is wrong with it is said where it is loaded
        return 1
    return max(size, 1)


def _cached(name: str) -> Path:
    """The folder of a model in the hub's cache."""
    return models_cache() / f"models--{name.replace('/', '--')}"


def _of_hub(name: str, role: str) -> list[Resource]:
    *sizes, licence = _HUB.get(name, (None, None, f"see {hub_address()}/{name}"))
    folder = _cached(name)
    found, nothing = _snapshot(folder), HALF if _has_parts(folder) else MISSING
    problems = (_no_weights(found), _no_words(found)) if found else (nothing, nothing)
    fetch = partial(_download, name, any(DAMAGED in problem for problem in problems))
    known = _known(f"{role} {name}", name, found or folder, licence, problems, sizes)
    return [replace(r, source=hub_address(), fetch=fetch) for r in known]


def _known(
    what: str,
    name: str,
    place: Path,
    licence: str,
    problems: tuple[str, str],
    sizes: Sequence[int | None],
) -> list[Resource]:
    """The weights and the tokenizer of a model, each with its problem.

    Args:
        what: What the weights are to the run.
        name: The model.
        place: The folder of its files.
        licence: Its licence.
        problems: Of the weights and of the tokenizer.
        sizes: Of both where they are whole; None where nobody has told.
    """
    kinds = ((what, _weights), (f"tokenizer of {name}", _words))
    return [
        Resource(called, place, size if problem else _bytes(files(place)), licence, problem)
        for (called, files), problem, size in zip(kinds, problems, sizes, strict=True)
    ]


def _snapshot(folder: Path) -> Path | None:
    """The files of a model's commit that the hub's cache has as its newest, or None."""
    try:
        found = folder / "snapshots" / (folder / "refs" / "main").read_text().strip()
    except OSError:
        return None
    return found if (found / "config.json").is_file() else None


def _has_parts(folder: Path) -> bool:
    """Whether a download into the hub's cache has begun."""
    return any(folder.glob("blobs/*")) or any(folder.glob("snapshots/*/*"))


def _weights(folder: Path) -> list[Path]:
    """The files that transformers reads weights and configuration from.

    Raises:
        ValueError: The list of the weights' files is no such list.
    """
    names = ["model.safetensors"]
    if (folder / _INDEX).is_file():
        listed = _json(folder / _INDEX).get("weight_map")
        if not isinstance(listed, dict):
            raise ValueError(_INDEX)
        names = sorted({str(name) for name in listed.values()})
    return [folder / name for name in ("config.json", *names)]


def _words(folder: Path) -> list[Path]:
    return [path for name in TOKENIZER_FILES if (path := folder / name).is_file()]


def _no_weights(folder: Path) -> str:
    """Why the weights cannot be used; "" where they are whole."""
    from safetensors import SafetensorError, safe_open

    name = "config.json"
    try:
        _json(folder / name)
        for path in _weights(folder)[1:]:
            name = path.name
            with safe_open(path, framework="numpy"):  # compares its header with its length
                pass
    except FileNotFoundError:
        return f"{HALF}: {name} is missing"
    except (OSError, ValueError, SafetensorError):
        return f"{DAMAGED}: {name} cannot be read"
    return ""


def _no_words(folder: Path) -> str:
    """Why the tokenizer cannot be used; "" where it is whole."""
    try:
        kind = _json(folder / "config.json").get("model_type")
        found = _words(folder)
        for path in found:
            if path.suffix == ".json":
                _json(path)
    except (OSError, ValueError):
        return f"{DAMAGED}: a file cannot be read"
    names = {path.name for path in found} - {"tokenizer_config.json"}
    if not names and not (found and kind in _WITHOUT_VOCABULARY):
        return f"{HALF}: tokenizer.json is missing"
    return ""


def _json(path: Path) -> dict[str, object]:
    """The object in a JSON file.

    Raises:
        OSError, ValueError: It cannot be read, or is no object.
    """
    content = json.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ValueError(path.name)
    return content


def _bytes(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def _download(name: str, anew: bool, report: Report) -> None:
    """Fetch a model of the hub; `huggingface_hub` shows its progress itself.

    Raises:
        UserError: It could not be fetched.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            name, allow_patterns=list(_FETCHED), ignore_patterns=["*/*"], force_download=anew
        )
    except Exception as error:  # of the hub, the connection and the disk: a dozen types
        raise UserError(" ".join(str(error).split())[:160]) from error
    if not any(Path(folder).glob("*.safetensors")):
        raise UserError("it has no weights in safetensors, and others may run code")

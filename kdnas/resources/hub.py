"""The caches of Hugging Face's libraries are found here without loading the libraries.

Their own functions read the environment once, when they are imported, and `datasets` brings pandas.
"""

import os
from pathlib import Path


def models_cache() -> Path:
    """The folder in which `huggingface_hub` keeps models."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return _path(named) if named else _home() / "hub"


def datasets_cache() -> Path:
    """The folder in which `datasets` keeps data sets."""
    named = os.environ.get("HF_DATASETS_CACHE")
    return _path(named) if named else _home() / "datasets"


def _home() -> Path:
    if named := os.environ.get("HF_HOME"):
        return _path(named)
    return _path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"


def _path(text: str) -> Path:
    return Path(os.path.expandvars(os.path.expanduser(text)))

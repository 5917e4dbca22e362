"""The Universal Sentence Encoder (Cer 2018), by TensorFlow and without its talk."""

import os
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kdnas.attacks.resources.encoder import MetricName
from kdnas.cache import fingerprint
from kdnas.errors import UserError
from kdnas.offline import content_hash
from kdnas.paper_files import PAPER_FILES

_NODE = re.compile(r"\{\{.*?\}\} ?")
"""Where in its graph TensorFlow met an error."""

_BATCH = 512
"""Texts that are encoded at a time; the windows of one word, which TextAttack encodes together,
are at most 100."""


class UniversalSentenceEncoder:
    """The encoder of TextAttack's recipe, compared by angles.

    It computes on the CPU, with as many threads as torch has when it is first loaded.

    Raises:
        UserError: The SavedModel cannot be loaded, or is none that encodes texts.
    """

    metric: MetricName = "angular"

    def __init__(self) -> None:
        folder = PAPER_FILES["sentence-encoder"].place()
        self.identity = _identity(folder)
        try:
            with _silenced():
                self._model = _tensorflow().saved_model.load(str(folder))
                self._none = self._encode(["a film"])[:0]
        except Exception as error:  # TensorFlow's own are of many kinds
            said = " ".join(str(error).replace(str(folder), "it").split())
            reason = _NODE.sub("", said)[:120]
            raise UserError(
                f"the SavedModel in {folder} is no sentence encoder ({reason}): remove the folder,"
                " and fetch it with kdnas resources --fetch"
            ) from error

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, 512), float32."""
        batches = [texts[k : k + _BATCH] for k in range(0, len(texts), _BATCH)]
        return np.concatenate([self._none, *map(self._encode, batches)])

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        found = self._model(list(texts))
        vectors = (found["outputs"] if isinstance(found, dict) else found).numpy()
        if vectors.ndim != 2 or len(vectors) != len(texts) or vectors.dtype != np.float32:
            raise ValueError(f"{len(texts)} texts give {vectors.dtype} of shape {vectors.shape}")
        return vectors


def _identity(folder: Path) -> str:
    """A hash of the graph, and of the index of the variables, which has checksums of them all."""
    parts = (Path("saved_model.pb"), Path("variables", "variables.index"))
    return fingerprint(files=[content_hash(folder / part) for part in parts])


def _tensorflow() -> Any:
    """TensorFlow, imported without its remarks; it leaves the GPUs to torch."""
    before = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        import tensorflow
    finally:
        os.environ.pop("TF_CPP_MIN_LOG_LEVEL")
        if before is not None:
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = before
    tensorflow.get_logger().setLevel("ERROR")
    with suppress(RuntimeError):  # where it has computed something already
        tensorflow.config.set_visible_devices([], "GPU")
        tensorflow.config.threading.set_intra_op_parallelism_threads(torch.get_num_threads())
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return tensorflow


@contextmanager
def _silenced() -> Iterator[None]:
    """Nothing comes out at stderr: TensorFlow writes there before it reads its settings."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)

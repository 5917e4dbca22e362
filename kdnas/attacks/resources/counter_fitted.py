"""Counter-fitted word vectors (Mrksic 2016) from the files that TextAttack keeps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kdnas.attacks.resources.cosines import StoredCosines, packed
from kdnas.attacks.resources.plain_pickle import read_plain_pickle
from kdnas.attacks.resources.vectors import WordVectors
from kdnas.cache import Arrays, cached_arrays, fingerprint
from kdnas.errors import UserError
from kdnas.offline import content_hash
from kdnas.paper_files import PAPER_FILES


def counter_fitted_vectors() -> WordVectors:
    """The vectors with TextAttack's own neighbours and cosines of theirs.

    Raises:
        UserError: A file holds something else.
    """
    folder = PAPER_FILES["counter-fitted"].place()
    try:
        return _read(folder)
    except (OSError, ValueError) as error:
        raise UserError(
            f"the word vectors in {folder} cannot be read ({error}): remove the folder, and fetch"
            " it with kdnas resources --fetch"
        ) from error


def _read(folder: Path) -> WordVectors:
    matrix = np.load(folder / "paragram.npy", allow_pickle=False)
    neighbours = np.load(folder / "nn.npy", allow_pickle=False)
    words = _words(read_plain_pickle(folder / "wordlist.pickle"), len(matrix))
    if not np.isfinite(matrix).all():
        raise ValueError("paragram.npy: a value is not finite")
    if neighbours.min() < 0 or neighbours.max() >= len(matrix):
        raise ValueError("nn.npy: a neighbour is no word")
    names = ("paragram.npy", "nn.npy", "wordlist.pickle", "cos_sim.p")
    identity = fingerprint(files={name: content_hash(folder / name) for name in names})

    def compute() -> Arrays:
        return packed(_cosines(read_plain_pickle(folder / "cos_sim.p")), len(words))

    stored = StoredCosines(**cached_arrays(f"cosines-{identity}", compute))
    return WordVectors(identity, words, matrix, neighbours, stored)


def _words(index: Any, count: int) -> tuple[str, ...]:
    """The words by row, from a dict of their rows.

    Raises:
        ValueError: Not every row has one word.
    """
    if not isinstance(index, dict) or not all(isinstance(word, str) for word in index):
        raise ValueError("wordlist.pickle: no dict of words")
    words = {row: word for word, row in index.items()}
    if len(index) != count or set(words) != set(range(count)):
        raise ValueError(f"wordlist.pickle: {len(index)} words for {count} vectors")
    return tuple(words[row] for row in range(count))


def _cosines(found: Any) -> Mapping[int, Mapping[int, float]]:
    """What is a dict of dicts of numbers.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(found, dict) or not all(isinstance(row, dict) for row in found.values()):
        raise ValueError("cos_sim.p: no dict of dicts")
    if not all(isinstance(value, float) for row in found.values() for value in row.values()):
        raise ValueError("cos_sim.p: a cosine is no number")
    return found

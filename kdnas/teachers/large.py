"""Arrays that need not fit in memory: the states of 67,000 texts in 13 layers of BERT have 2.7 GB.

They are read through the file system's own cache, which all workers of a machine share.
"""

import shutil
from collections.abc import Callable
from math import prod
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
from rich.filesize import decimal

from kdnas.cache import WAY_OUT, cache_folder, cached_folder, make_folder
from kdnas.errors import UserError

IN_MEMORY = 2**30
"""Bytes up to which an array that is made stays in memory."""


def room_on_disk(shape: tuple[int, ...], kind: type) -> np.ndarray:
    """Make an array to be filled: in memory, or if it is large in a file that goes with it.

    Raises:
        UserError: The disk of the cache has no room for it.
    """
    size = prod(shape) * np.dtype(kind).itemsize
    if size <= IN_MEMORY:
        return np.empty(shape, kind)
    make_folder(cache_folder())
    free = shutil.disk_usage(cache_folder()).free
    if 2 * size > free:  # what is kept of it is written beside it
        raise UserError(
            f"the states of {shape[0]:,} texts need up to {decimal(2 * size)} in {cache_folder()},"
            f" and {decimal(free)} are free; {WAY_OUT}"
        )
    with TemporaryFile(dir=cache_folder()) as file:
        return np.memmap(file, kind, "w+", shape=shape)


def kept_on_disk(name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Open the array stored under `name`, made where it is missing or damaged, without reading it.

    Args:
        name: Of the folder in the cache; it contains a `fingerprint` of the inputs.
        make: Makes the array.

    Raises:
        UserError: It cannot be written.
    """

    def save(folder: Path) -> None:
        np.save(folder / _FILE, make())

    return np.load(cached_folder(name, save) / _FILE, mmap_mode="r", allow_pickle=False)


_FILE = "array.npy"

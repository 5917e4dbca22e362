"""Whether files are whole, told by their headers, sizes and last bytes; small ones are read."""

import json
import os
from pathlib import Path

import numpy as np

MISSING = "missing"
HALF = "half a download"
FOREIGN = "another format"


def vectors_problem(folder: Path) -> str:
    """What is wrong with the folder of word vectors that TextAttack keeps."""
    if not folder.is_dir():
        return MISSING
    for name in ("paragram.npy", "nn.npy", "wordlist.pickle", "cos_sim.p"):
        check = _array_problem if name.endswith(".npy") else _pickle_problem
        if found := check(folder / name):
            return f"{name}: {found}"
    matrix, neighbours = (_header(folder / name) for name in ("paragram.npy", "nn.npy"))
    if matrix[1].kind != "f" or neighbours[1].kind not in "iu":
        return f"paragram.npy, nn.npy: {FOREIGN}"
    if matrix[0][0] != neighbours[0][0]:
        return "nn.npy: of other vectors than paragram.npy"
    return ""


def tagger_problem(folder: Path) -> str:
    """What is wrong with the folder of NLTK's tagger."""
    if not folder.is_dir():
        return MISSING
    for part, kind in (("weights", dict), ("tagdict", dict), ("classes", list)):
        name = f"averaged_perceptron_tagger_eng.{part}.json"
        if found := _json_problem(folder / name, kind):
            return f"{name}: {found}"
    return ""


def tagset_problem(folder: Path) -> str:
    """What is wrong with the folder of the universal tags of English words."""
    if not folder.is_dir():
        return MISSING
    path = folder / "en-ptb.map"
    if not path.is_file():
        return f"{path.name}: {MISSING}"
    lines = path.read_bytes().split(b"\n")
    whole = len(lines) > 1 and all(line.count(b"\t") == 1 for line in lines if line.strip())
    return "" if whole else f"{path.name}: {HALF}"


def _json_problem(path: Path, kind: type) -> str:
    """What is wrong with a file that has to hold an object or a list."""
    if not path.is_file():
        return MISSING
    try:
        return "" if isinstance(json.loads(path.read_bytes()), kind) else FOREIGN
    except ValueError:
        return HALF


def _pickle_problem(path: Path) -> str:
    """What is wrong with a pickle, which ends on a full stop."""
    if not path.is_file():
        return MISSING
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return "" if file.read() == b"." else HALF


def _array_problem(path: Path) -> str:
    if not path.is_file():
        return MISSING
    try:
        shape, kind, start = _header(path)
    except (ValueError, EOFError):
        return FOREIGN
    if len(shape) != 2 or kind.hasobject:
        return FOREIGN
    wanted, there = start + int(np.prod(shape)) * kind.itemsize, os.path.getsize(path)
    return "" if there == wanted else HALF if there < wanted else "damaged"


def _header(path: Path) -> tuple[tuple[int, ...], "np.dtype[np.generic]", int]:
    """Shape, type and start of the array in a .npy file."""
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }.get(version)
        if read is None:
            raise ValueError(f"version {version}")
        shape, _, kind = read(file)
        return shape, kind, file.tell()

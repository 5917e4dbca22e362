"""Whether the files beside the archive can be read and belong to it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from pathlib import Path

from safetensors import SafetensorError, safe_open

from kdnas.verify.problem import Problem, one_line

_STATE = ("status.json", "lock.json")


def state_problems(folder: Path) -> Iterator[Problem]:
    """The files that say how the run gets on are JSON, where they are there."""
    for name in _STATE:
        try:
            json.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            advice = "if no process uses the folder, delete it"
            yield Problem(name, f"cannot be read as JSON ({one_line(error)}): {advice}")


def weight_problems(
    paths: Iterable[Path], parameters: Mapping[str, int | None] | None
) -> Iterator[Problem]:
    """The weights are whole files, of students of the archive, and as large as these.

    Args:
        paths: The files, named by key; they were there before the archive was read, since a run
            that goes on may store others meanwhile.
        parameters: Of every student by key, None where it has no result; None if the archive
            could not be read.
    """
    for path in paths:
        if parameters is not None and path.stem not in parameters:
            message = "belongs to no student of the archive: delete it"
        else:
            message = wrong_weights(path, parameters[path.stem] if parameters else None)
        if message:
            yield Problem(f"{path.parent.name}/{path.name}", message)


def wrong_weights(path: Path, expected: int | None = None) -> str:
    """What is wrong with a file of weights; empty where nothing is.

    Args:
        path: The file.
        expected: How many numbers the archive says it has, where it says so.
    """
    try:
        with safe_open(path, framework="np") as tensors:  # reads the header; tells a short file
            size = sum(prod(tensors.get_slice(name).get_shape()) for name in tensors.keys())  # noqa: SIM118
    except FileNotFoundError:
        return ""  # deleted meanwhile, as weights are that a run no longer needs
    except (OSError, SafetensorError) as error:
        return f"is damaged ({one_line(error)}): delete it, it is trained again if needed"
    if expected is not None and size != expected:
        return f"has {size} numbers, by the archive {expected}: if that is right, delete the file"
    return ""

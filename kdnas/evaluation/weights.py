"""The weights of a run's students: safetensors files under their keys."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kdnas.errors import UserError
from kdnas.students import Student


def weights_path(folder: Path, key: str) -> Path:
    """Where the student with `key` is kept."""
    return folder / f"{key}.safetensors"


def save_weights(folder: Path, key: str, student: Student) -> None:
    """Store a student's weights; the file appears whole or not at all.

    Raises:
        UserError: It cannot be written.
    """
    path = weights_path(folder, key)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: t.contiguous() for name, t in student.state_dict().items()}, draft)
        draft.replace(path)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            draft.unlink()
        raise UserError(
            f"cannot write {path}: {error}; free some space or mend its permissions, then go on"
            " with --resume"
        ) from error


def load_weights(folder: Path, key: str, student: Student) -> bool:
    """Fill `student` with its stored weights; False where there are none that fit."""
    try:
        student.load_state_dict(load_file(weights_path(folder, key)))
    except (OSError, SafetensorError, RuntimeError):
        return False
    return True


def keep_weights(folder: Path, keys: Collection[str]) -> None:
    """Delete the weights of all students but those in `keys`; they can be trained again."""
    for path in folder.glob("*.safetensors"):
        if path.stem not in keys:
            path.unlink(missing_ok=True)

"""The weights of a run's trials: safetensors files under the keys of the students."""

import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from kdnas.errors import UserError
from kdnas.offline import content_hash
from kdnas.records import Job
from kdnas.runs import weights_name
from kdnas.space import canonical
from kdnas.students import Blueprint, Student, build
from kdnas.writing import share


def weights_path(folder: Path, job: Job) -> Path:
    """Return where the weights of a trial are kept."""
    name = weights_name(job.architecture.key, job.replicate, job.fidelity)
    return folder / f"{name}.safetensors"


def save_weights(folder: Path, job: Job, student: Student) -> str:
    """Store the weights of a trial and return their SHA-256; the file appears whole or not at all.

    Raises:
        UserError: It cannot be written.
    """
    path = weights_path(folder, job)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: t.contiguous() for name, t in student.state_dict().items()}, draft)
        share(draft)
        checksum = content_hash(draft)
        draft.replace(path)
    except (OSError, SafetensorError) as error:
        with suppress(OSError):
            draft.unlink()
        raise UserError(
            f"cannot write {path}: {error}; free some space or mend its permissions, then go on"
            " with --resume"
        ) from error
    return checksum


def load_weights(folder: Path, job: Job, student: Student) -> bool:
    """Fill `student` with the stored weights of a job; False where there are none that are right.

    Weights of another checksum than the job's are not right: they are damaged, or of another run.
    """
    path = weights_path(folder, job)
    try:
        if job.weights and content_hash(path) != job.weights:
            return False
        student.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        return False
    return True


def kept_student(folder: Path, job: Job, blueprint: Blueprint) -> Any:
    """The trained student of a job, in eval mode, from its stored weights alone.

    Raises:
        UserError: The weights are those of another network.
    """
    model = build(canonical(job.architecture).to_json(), blueprint, job.seed)
    if not load_weights(folder, job, model.student):
        raise UserError(
            f"{weights_path(folder, job)} holds the weights of another network: delete it, and the"
            " student is trained again"
        )
    return model.eval()


def keep_weights(folder: Path, names: Collection[str]) -> None:
    """Delete all weights but those named in `names`; the others can be trained again."""
    for path in folder.glob("*.safetensors"):
        if path.stem not in names:
            path.unlink(missing_ok=True)

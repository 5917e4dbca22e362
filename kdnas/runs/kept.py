"""What a run keeps of its students, so that they are exported from its folder alone."""

from pathlib import Path

from kdnas.offline import content_hash
from kdnas.runs.archive import Archive
from kdnas.runs.folder import RunFolder
from kdnas.runs.rows import Row, weights_name


def student_weights(folder: RunFolder, row: Row) -> Path:
    """Return where the weights of the trial that stands for a student are, if they were kept."""
    trial = row.chosen
    name = weights_name(row.key, trial.replicate, trial.fidelity)
    return folder.students / f"{name}.safetensors"


def is_kept(folder: RunFolder, archive: Archive, row: Row) -> bool:
    """Whether the weights of a student and the tokenizer are there as the run recorded them."""
    weights, evaluation = student_weights(folder, row), row.chosen.evaluation
    if evaluation is None or not weights.is_file() or not has_tokenizer(folder, archive):
        return False
    return not evaluation.weights or content_hash(weights) == evaluation.weights


def has_tokenizer(folder: RunFolder, archive: Archive) -> bool:
    """Whether the tokenizer of the students is there as the run recorded it."""
    return folder.tokenizer.is_dir() and (
        content_hash(folder.tokenizer) == archive.meta("tokenizer")
    )

"""Room on the disks that a run writes to."""

import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from rich.filesize import decimal

from kdnas.cache import cache_folder
from kdnas.config import Command, Config
from kdnas.resources.resource import Resource, bytes_in

KEPT_STUDENTS = 30
"""About as many as a run keeps the weights of: the front, the picks, the best by fitness."""

BYTES_PER_TEXT = 400
"""The size of a row in the table of attacked texts."""

_TEXTS = 1000
"""Attacked texts of a student where all of a split are attacked, about."""

_DRAWS = 50
"""Students whose mean size is taken."""

_CACHE = 500_000_000
"""Bytes of signals, word vectors, similarities and plans of texts in the cache, about."""

_UNKNOWN_MODEL = 500_000_000
"""Bytes of a teacher that nobody has told the size of: more than BERT-base has."""

_SEARCHES, _TRAININGS = 5, 8
"""Of a reproduction: its searches, and trainings of models of the teacher's kind, for each
replicate at most."""


def run_bytes(students: int, weight_bytes: float, text_bytes: float) -> float:
    """Bytes of a run's folder.

    Args:
        students: Evaluated in all.
        weight_bytes: Of the weights of one.
        text_bytes: Of the attacked texts of one.
    """
    return min(students, KEPT_STUDENTS) * weight_bytes + students * text_bytes


def disk_resources(
    config: Config, others: Iterable[Resource], out: Path, command: Command
) -> list[Resource]:
    """The room on each disk that a run writes to, by a rough estimate.

    Args:
        config: The run.
        others: What it needs besides; what has to be fetched takes room.
        out: The folder of the run.
        command: Whose run it is.
    """
    others = list(others)
    teacher = next((r.size for r in others if r.what.startswith("teacher")), None)
    teacher_bytes = teacher or _UNKNOWN_MODEL
    wanted = {out: _run_bytes(config, teacher_bytes, command)}
    wanted[cache_folder()] = _CACHE + teacher_bytes
    for place, size in wanted.items():  # of a run that goes on a part is there
        wanted[place] = max(size - bytes_in(place), 0) if place.exists() else size
    for other in others:
        if other.problem and other.fetch:
            wanted[other.place] = wanted.get(other.place, 0) + (other.size or 0)
    disks: dict[int, dict[Path, float]] = defaultdict(dict)
    for place, size in wanted.items():
        disks[_existing(place).stat().st_dev][place] = size
    return [_disk(places) for places in disks.values()]


def _run_bytes(config: Config, teacher_bytes: float, command: Command) -> float:
    shape, rng = config.student.shape(30522, 2), np.random.default_rng(0)
    space, length = config.space, config.student.max_length
    drawn = [space.cost(space.uniform(rng), shape, length).parameters for _ in range(_DRAWS)]
    texts = BYTES_PER_TEXT * (config.attack.texts or _TEXTS)
    weights = 4 * float(np.mean(drawn))
    if command == "compare":
        return _compared_bytes(config, weights, teacher_bytes)
    search = run_bytes(config.search.evaluations, weights, texts)
    if command == "search":
        return search
    compared = config.reproduce.replicates * _TRAININGS + len(config.reproduce.strengths)
    return _SEARCHES * search + compared * teacher_bytes


def _compared_bytes(config: Config, weights: float, teacher_bytes: float) -> float:
    """Bytes of a comparison, which keeps every model; one not of the space is as the teacher."""
    settings, tasks = config.compare, max(len(config.compare.tasks), 1)
    trainings = settings.replicates * len(settings.methods)
    sizes = (weights if w.startswith("drawn:") else teacher_bytes for w in settings.students)
    texts = BYTES_PER_TEXT * (config.attack.report_texts or _TEXTS) * (1 + len(settings.attacks))
    return tasks * (teacher_bytes + trainings * sum(size + texts for size in sizes))


def _existing(place: Path) -> Path:
    """The folder of a place that is there already."""
    place = place.absolute()
    return next(folder for folder in (place, *place.parents) if folder.exists())


def _disk(places: dict[Path, float]) -> Resource:
    first, size = _existing(next(iter(places))), int(sum(places.values()))
    free = shutil.disk_usage(first).free
    problem = f"{decimal(free)} free" if free < size else ""
    cure = "free some space, or name folders on other disks (--out, KDNAS_CACHE, HF_HOME)"
    return Resource("room on the disk, about", first, size, "", problem, cure if problem else "")

"""`Student`: whom the methods teach, and the words that name one."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdnas.comparison import BEGUN, Kind
from kdnas.config import TaskSettings
from kdnas.errors import UserError
from kdnas.methods import Learner
from kdnas.model_names import is_hub_id, require_head
from kdnas.reading import read_small
from kdnas.runs import Archive, RunFolder
from kdnas.space import canonical, read_genotype

_COUNTED: dict[str, Kind] = {"layers": "first-layers", "every": "every-layers"}

WORDS = (
    "layers:3 (the first layers of the teacher's start), every:2 (every other one),"
    " cut:1+3:FOLDER (those layers of a saved classifier, with its head), cells (AdaBERT's),"
    " drawn:0 (of the space, by a seed), hub:distilbert-base-uncased (a pre-trained model of the"
    " hub), a file of an architecture, RUN:KEY, or the folder of a saved model"
)
"""What names a student, for messages."""


@dataclass(frozen=True)
class Student:
    """What every method teaches.

    Attributes:
        name: In file names and tables.
        kind: How it is made.
        start: What it begins from, as `kdnas.comparison.Model` has it.
    """

    name: str
    kind: Kind
    start: str = ""

    def learner(self, task: TaskSettings) -> Learner:
        """What decides which methods can teach it a task, as far as its name tells."""
        has_attention, pairs = self.kind in BEGUN, task.of_pairs
        classes = not task.of_numbers
        return Learner(self.name, attention=has_attention, classes=classes, single=not pairs)


def student_of(word: str, space: Any) -> Student:
    """The student that a word names.

    Args:
        word: See `WORDS`.
        space: The space that `drawn:SEED` draws from.

    Raises:
        UserError: It names none.
    """
    kind, colon, value = word.partition(":")
    if word == "cells":
        return Student("cells", "cells")
    if colon and kind == "cut":
        return _cut(word, value)
    if colon and kind in (*_COUNTED, "drawn"):
        if not re.fullmatch(r"\d{1,9}" if kind == "drawn" else r"[1-9]\d{0,8}", value):
            raise UserError(f"student {word!r}: write a number after the colon, as {kind}:3")
        if kind == "drawn":
            drawn = space.uniform(np.random.default_rng(int(value)))
            return Student(f"drawn-{value}", "searched", canonical(drawn).to_json())
        return Student(f"{kind}-{value}", _COUNTED[kind], value)
    if kind == "hub" and is_hub_id(value):
        return _saved(value, value)
    path = Path(word)
    if path.is_file():
        return _searched(read_small(path), word)
    if (path / "config.json").is_file():
        return _saved(path.resolve().name, str(path.resolve()))
    run, colon, key = word.rpartition(":")
    if colon and RunFolder(Path(run)).archive.is_file():
        return _searched(_architecture(RunFolder(Path(run)), key), word)
    raise UserError(f"no student {word!r}: name {WORDS}")


def _cut(word: str, value: str) -> Student:
    numbers, _, place = value.partition(":")
    path = Path(place)
    if not re.fullmatch(r"[1-9]\d{0,3}(\+[1-9]\d{0,3})*", numbers):
        raise UserError(f"student {word!r}: write layers after the colon, as cut:1+3:FOLDER")
    layers = list(map(int, numbers.split("+")))
    if layers != sorted(set(layers)):
        raise UserError(f"student {word!r}: name each layer once, in rising order")
    if not place:
        raise UserError(
            f"student {word!r}: name a saved classifier after the layers, as cut:1+3:FOLDER"
        )
    if not (path / "config.json").is_file():
        raise UserError(f"student {word!r}: {place} is no saved classifier")
    require_head(path)
    own = re.sub(r"[^\w-]", "_", path.resolve().name)
    return Student(f"{own}-{numbers.replace('+', '-')}", "cut", f"{numbers}:{path.resolve()}")


def _saved(name: str, start: str) -> Student:
    return Student(re.sub(r"[^\w-]", "_", name.rpartition("/")[2]), "saved", start)


def _searched(text: str, word: str) -> Student:
    try:
        genotype = canonical(read_genotype(text))
    except UserError as error:
        raise UserError(f"student {word}: {error}") from error
    return Student(f"student-{genotype.key[:12]}", "searched", genotype.to_json())


def _architecture(folder: RunFolder, key: str) -> str:
    with Archive.read(folder.archive) as archive:
        found = [row for row in archive.rows() if row.key.startswith(key)]
    if len(found) != 1 or not key:
        raise UserError(f"{len(found)} students of {folder.path} begin with {key!r}: name one")
    return str(found[0].architecture_json)

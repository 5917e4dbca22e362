"""`Study`: what tables and figures of a study are made of, read from its archive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from kdnas.analysis.paper import Scores, model_scores
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.records import MadeText
from kdnas.runs import MODELS_FILE, ModelArchive, require_same, stored_config
from kdnas.runs.context import OFFLINE
from kdnas.study.answers import Answers
from kdnas.study.models import growing, model_name, stem


@dataclass(frozen=True)
class Taught:
    """The trainings of one student by one method, on report-val.

    Attributes:
        student, method: Their names.
        answers: What each training says of each text.
        scores: Under each attack by its name, on the texts that were attacked; none where labels
            are numbers.
        seconds: Wall time of each training.
    """

    student: str
    method: str
    answers: Answers
    scores: dict[str, Scores]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Study:
    """A study as it stands.

    Attributes:
        config: Its settings.
        taught: Every student by every method, in the order of the settings.
        teacher: The teacher itself; None before it was attacked.
        labels: What tables call each attack.
        texts: Texts of report-val.
        made: Some of the texts that were made for a student by a method, by both.
    """

    config: Config
    taught: tuple[Taught, ...]
    teacher: Taught | None
    labels: dict[str, str]
    texts: int
    made: dict[tuple[str, str], list[MadeText]] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """What the task is scored by."""
        return self.config.task.metric

    @property
    def of_numbers(self) -> bool:
        """Whether labels are numbers, so that nothing is attacked."""
        return self.config.task.of_numbers

    @property
    def rivals(self) -> dict[str, Taught]:
        """What each student is tested against, by student."""
        against = self.config.compare.against
        return {each.student: each for each in self.taught if each.method == against}

    @property
    def students(self) -> list[str]:
        """The students, each once."""
        return list(dict.fromkeys(each.student for each in self.taught))

    @property
    def caveat(self) -> tuple[str, ...]:
        """What stands below everything of an offline study."""
        return (f"{OFFLINE.capitalize()}.",) if self.config.attack.resources == "offline" else ()


def read_study(config: Config | None, folder: Path) -> Study:
    """What is there of a study.

    Args:
        config: What it has to be; None for whatever it is.
        folder: Its folder.

    Raises:
        UserError: It is another one, or no model is there yet.
    """
    with ModelArchive.read(folder / MODELS_FILE) as archive:
        stored = stored_config(archive)
        if config is not None:
            require_same(folder, stored, config, growing(stored, config))
        specs = archive.specs()
        scores = {attack: model_scores(archive, attack) for attack in specs}
        known = {row.name: row for row in archive.models()}
        taught = {name: _taught(archive, name, scores) for name in known}
        texts = len(archive.splits["report"].labels) if known else 0
        made = {(each.student, each.method): archive.made(name) for name, each in taught.items()}
    if not taught:
        raise UserError(f"no model in {folder} yet: go on with --resume")
    names = {model_name("", m)[1:]: m for m in stored.compare.methods}
    order = list(names)
    found = [each for name, each in taught.items() if "." in name and each.method in names]
    found.sort(key=lambda each: (_place(known, each.student), order.index(each.method)))
    return Study(
        stored, tuple(found), taught.get("teacher"),
        {name: spec.label for name, spec in specs.items()}, texts,
        {names: texts for names, texts in made.items() if texts},
    )  # fmt: skip


def _place(known: Mapping[str, object], student: str) -> int:
    """The place of a student by its first training."""
    return next(i for i, name in enumerate(known) if stem(name) == student)


def _taught(archive: ModelArchive, name: str, scores: dict[str, dict[str, Scores]]) -> Taught:
    rows = sorted((r for r in archive.models() if r.name == name), key=lambda r: r.replicate)
    split = archive.splits["report"]
    predicted = np.array([archive.predictions(name, row.replicate) for row in rows])
    answers = Answers(split.labels, predicted, split.classes, split.metric)
    under = {attack: by_name[name] for attack, by_name in scores.items() if name in by_name}
    seconds = tuple(row.seconds for row in rows)
    return Taught(stem(name), name.partition(".")[2], answers, under, seconds)

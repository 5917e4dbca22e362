"""What a store says of the whole run: settings, data, teacher, and what follows from them."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from kdnas.config import STORED, Config
from kdnas.errors import UserError
from kdnas.metrics import Metric, accuracy_floor, constant_score, metrics_of, score
from kdnas.records import AttackSpec, Measurement
from kdnas.runs import Store
from kdnas.runs.folder import settings_digest
from kdnas.runs.measured import SplitLabels, originals_digest, packed
from kdnas.space import NetworkShape
from kdnas.verify.problem import Problem, one_line

_LONGEST = 1e9
_ROUNDING = 1e-9
"""Scores may differ by it between machines."""


@dataclass(frozen=True)
class Settings:
    """The settings of a run that can be read.

    Attributes:
        config: What it was started with; None where it cannot be read.
        objectives: What its front is made of; None where it is not known.
        shape: What the sizes of its networks depend on; None before the data were read.
        floor: The accuracy floor (share).
        finished: Whether the run says that it got to its end.
    """

    config: Config | None
    objectives: tuple[Metric, ...] | None
    shape: NetworkShape | None
    floor: float
    finished: bool


def read_settings(store: Store) -> tuple[Settings, list[Problem]]:
    """Return the settings of a run and what is wrong with them, one problem a value."""
    values = {name: json.loads(text) for name, text in store.query("SELECT * FROM meta")}
    problems: dict[str, str] = {}
    config = objectives = None
    try:
        config = Config.model_validate(values.get("config"), context=STORED)
        objectives = metrics_of(config.search.objectives, values.get("metrics"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        problems["config"] = (
            f"is no configuration of this kdnas ({place}: {one_line(first['msg'])})"
        )
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        problems["metrics"] = f"does not describe the objectives ({one_line(error)})"
    for name, message in _wrong_values(values):
        problems.setdefault(name, message)
    if config and not problems:
        problems |= dict(_wrong_origin(values, config, store))
    shape = NetworkShape(**values["shape"]) if "shape" in values and not problems else None
    floor = values.get("floor", 0.0) if "floor" not in problems else 0.0
    found = [Problem(f"meta {name}", message) for name, message in problems.items()]
    return Settings(config, objectives, shape, floor, values.get("finished") is True), found


def _wrong_values(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The values that are missing or not what they should be, and why."""
    if not (isinstance(values.get("versions"), dict) and "kdnas" in values["versions"]):
        yield "versions", "does not say what the run was recorded with"
    if "config" in values and values.get("settings") != settings_digest(values["config"]):
        yield "config", "is not what the run was started with: its digest is another"
    if not isinstance(values.get("finished", False), bool):
        yield "finished", f"is {values['finished']!r}, not true or false"
    for name in ("floor", "majority_share", "teacher_accuracy"):
        value = values.get(name, 0.0)
        if type(value) not in (int, float) or not 0 <= value <= 1:
            yield name, f"is {value!r}, not a share"
    if not _are_sources(values.get("sources", [])):
        yield "sources", "does not name the modules that added parts"
    stages = values.get("stages", {})
    if not (isinstance(stages, dict) and all(map(_is_duration, stages.values()))):
        yield "stages", "does not name the seconds of each stage"
    try:
        NetworkShape(**values.get("shape", {}))
    except (TypeError, UserError) as error:
        yield "shape", f"is no shape of a network ({one_line(error)})"


def _are_sources(values: object) -> bool:
    fields = {"module", "sha256"}
    return isinstance(values, list) and all(
        isinstance(source, dict)
        and set(source) == fields
        and all(isinstance(value, str) for value in source.values())
        for source in values
    )


def _is_duration(value: object) -> bool:
    return isinstance(value, float) and math.isfinite(value) and 0 <= value <= _LONGEST


def _wrong_origin(
    values: Mapping[str, Any], config: Config, store: Store
) -> Iterator[tuple[str, str]]:
    """Find where data, teacher and floor contradict each other or the settings."""
    begun = "SELECT EXISTS (SELECT 1 FROM attacks) OR EXISTS (SELECT 1 FROM splits)"
    if not store.query(begun).fetchone()[0]:
        return  # nothing is known yet
    needed: tuple[str, ...] = ("task", "teacher", "shape")
    if store.query("SELECT EXISTS (SELECT 1 FROM events)").fetchone()[0]:
        needed += ("floor", "majority_share", "teacher_accuracy")
    for name in needed:
        if name not in values:
            yield name, "is missing"
            return
    try:
        yield from _wrong_data(values, config, store)
        if "floor" in needed:
            yield from _wrong_floor(values, config, store)
    except (TypeError, LookupError, AttributeError, ValueError, ArithmeticError) as error:
        yield "task", f"cannot be understood ({type(error).__name__}: {one_line(error)})"
    shape = values["shape"]
    if config.student.shape(shape["vocabulary"], shape["classes"]) != NetworkShape(**shape):
        yield "shape", "is not that of the settings of students"


def _wrong_data(
    values: Mapping[str, Any], config: Config, store: Store
) -> Iterator[tuple[str, str]]:
    """Whether the sizes of the splits are those of the settings, and of the recorded labels."""
    splits = values["task"]["splits"]
    for name in ("train", "search", "report"):
        most, texts = getattr(config.task, name), splits[name]["texts"]
        if most is not None and texts > most:
            yield "task", f"has {texts} texts in {name}; task.{name} is {most}"
    limits = {"search": config.attack.texts, "report": config.attack.report_texts}
    for name, split in store.splits.items():
        texts, limit = splits[name]["texts"], 0 if split.classes == 1 else limits[name]
        attacked = texts if limit is None else min(limit, texts)
        # A comparison has no floor; published ones know the labels of the attacked texts alone.
        known = {texts} if "floor" in values else {texts, attacked}
        message = _wrong_split(store, name, known, attacked)
        if split.classes != values["shape"]["classes"]:
            message = "has labels of other classes than the task"
        if message:
            yield f"split {name}", message


def _wrong_split(store: Store, name: str, known: set[int], attacked: int) -> str:
    """What is wrong with the labels of a split and the originals of its attacked texts.

    Args:
        store: Where they are recorded.
        name: The split.
        known: How many labels there may be.
        attacked: How many originals.
    """
    split = store.splits[name]
    labels = split.labels.tolist()
    select = "SELECT text_index, label, text FROM originals WHERE split = ? ORDER BY text_index"
    originals = [tuple(row) for row in store.query(select, (name,))]
    (digest,) = store.query("SELECT digest FROM splits WHERE split = ?", (name,)).fetchone()
    if len(labels) not in known:
        return f"has {len(labels)} labels; there are {max(known)} texts"
    if [row[:2] for row in originals] != list(enumerate(labels[:attacked])):
        return f"has not the originals of the {attacked} texts to attack"
    if originals_digest(packed(labels, split.classes), originals) != digest:
        return "its labels or originals are not those of the run"
    return ""


def _wrong_floor(
    values: Mapping[str, Any], config: Config, store: Store
) -> Iterator[tuple[str, str]]:
    """The floor once more, from the labels and the predictions of the teacher where they are."""
    majority, accuracy = values["majority_share"], values["teacher_accuracy"]
    split, predicted = store.splits.get("search"), values.get("teacher_predictions")
    if split is not None:
        labels, answers = split.labels, np.array(predicted)
        told = constant_score(labels, split.classes, split.metric)
        known = answers.shape == labels.shape
        taught = _score(split, answers) if known else math.nan
    else:  # an archive of an earlier schema has neither
        told = values["task"]["splits"]["search"]["majority_share"]
        taught = accuracy
    if not math.isclose(majority, told, rel_tol=0, abs_tol=_ROUNDING):
        yield "majority_share", f"is {majority}; the labels give {told}"
    if not math.isclose(accuracy, taught, rel_tol=0, abs_tol=_ROUNDING):
        yield "teacher_accuracy", f"is {accuracy}; the teacher's predictions give {taught}"
    chosen = config.constraints.accuracy_floor
    floor = accuracy_floor(told, taught) if chosen == "auto" else chosen
    if not math.isclose(values["floor"], floor, rel_tol=0, abs_tol=_ROUNDING):
        yield "floor", f"is {values['floor']}; settings, labels and teacher give {floor}"


def _score(split: SplitLabels, answers: np.ndarray) -> float:
    """The teacher's score by its answers, (texts,)."""
    found = Measurement.of(split.labels, answers, split.classes, metric=split.metric)
    return score(found)


def attack_problems(store: Store) -> Iterator[Problem]:
    """Yield the attacks whose spec is none, or has another digest."""
    for name, text, digest in store.query("SELECT name, spec, digest FROM attacks"):
        try:
            found = AttackSpec.from_record(json.loads(text)).digest
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            yield Problem(f"attack {name}", f"is no attack spec ({one_line(error)})")
            continue
        if found != digest:
            yield Problem(f"attack {name}", f"its digest is {digest}, but its spec gives {found}")

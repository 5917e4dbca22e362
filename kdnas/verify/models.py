"""Whether the models of a comparison contradict their attacked texts, files and searches."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.runs import FILE_NAME, MODELS_FILE, Archive, ModelArchive, ModelRow, weights_of
from kdnas.runs.measured import TRIAL_COLUMNS, checksum, trial_digest
from kdnas.seeds import derived_seed
from kdnas.space import read_genotype
from kdnas.verify.check import broken_seal, store_problems
from kdnas.verify.files import wrong_weights
from kdnas.verify.measured import measurement_problems
from kdnas.verify.problem import Problem
from kdnas.verify.settings import attack_problems, read_settings

_FOOLED = """
SELECT surrogate, replicate, text_index FROM transfers WHERE surrogate = target AND correct
"""
_UNSHOWN = """
SELECT DISTINCT surrogate, text_index FROM transfers WHERE (surrogate, text_index) NOT IN (
    SELECT key, text_index FROM outcomes JOIN measurements USING (measurement)
    JOIN trials USING (trial) JOIN students USING (birth)
    WHERE outcome = 'succeeded' AND attack = (SELECT min(attack) FROM attacks))
"""
_MADE = """
SELECT key, replicate, number, original, made, similarity, agrees, made_texts.digest
FROM made_texts JOIN trials USING (trial) JOIN students USING (birth) ORDER BY trial, number
"""
_RESULTS = f"""
SELECT key, genotype, students.digest AS made, trials.digest, {", ".join(TRIAL_COLUMNS)}
FROM trials JOIN students USING (birth)
"""


def model_problems(folder: Path, stem: Callable[[str], str] = lambda name: name) -> list[Problem]:
    """Return everything that is wrong with the models of a comparison.

    Args:
        folder: Its folder.
        stem: From the name of a model to what its seeds are made from (`kdnas.comparison.Model`).
    """

    def look(archive: ModelArchive) -> list[Problem]:
        settings, problems = read_settings(archive)
        problems += [*attack_problems(archive), *measurement_problems(archive, "report")]
        problems += [*_results(archive), *_transfers(archive), *_made(archive)]
        if settings.config and not problems:
            problems += _models(archive.models(), folder, settings.config, stem)
            problems += _searches(archive, folder)
        return problems

    return store_problems(folder / MODELS_FILE, ModelArchive, look)


def seal_problems(folder: Path) -> list[Problem]:
    """Return whether a comparison is another than when it ended, where nothing else shows it."""
    return store_problems(folder / MODELS_FILE, ModelArchive, broken_seal)


def _results(archive: ModelArchive) -> Iterator[Problem]:
    """Whether models and results are those that were recorded, by their checksums."""
    for row in archive.query(_RESULTS):
        if checksum(row["key"], row["genotype"]) != row["made"]:
            yield Problem(row["key"], "its name or architecture has changed")
        if trial_digest(row) != row["digest"]:
            yield Problem(row["key"], "its sizes, loss, times or examples have changed")


def _transfers(archive: ModelArchive) -> Iterator[Problem]:
    for surrogate, replicate, index in archive.query(_FOOLED):
        place = f"transfer from {surrogate} {replicate} to itself"
        yield Problem(place, f"it is right on text {index}, which fooled it")
    for surrogate, index in archive.query(_UNSHOWN):
        yield Problem(f"transfer from {surrogate}", f"text {index} never fooled it")


def _made(archive: ModelArchive) -> Iterator[Problem]:
    """Whether the texts that were made for trainings are those that were recorded."""
    numbers: Counter[str] = Counter()
    for key, replicate, number, *values, digest in archive.query(_MADE):
        place = f"{key} {replicate}"
        if numbers[place] != number:
            yield Problem(place, f"a text that was made for it is missing before number {number}")
        if checksum(*values) != digest:
            yield Problem(place, f"text {number} that was made for it has changed")
        numbers[place] = number + 1


def _models(
    models: list[ModelRow], folder: Path, config: Config, stem: Callable[[str], str]
) -> Iterator[Problem]:
    """Whether seeds, architectures and files of the models are those of their names."""
    for row in models:
        place = f"{row.name} {row.replicate}"
        seed = derived_seed(config.search.seed, stem(row.name), row.replicate)
        if row.seed != seed:
            yield Problem(place, f"its seed is {row.seed}; its name and the run's seed give {seed}")
        if row.name.startswith("student-"):
            message = _wrong_student(row, stem(row.name))
            if message:
                yield Problem(place, message)
        weights = weights_of(folder, row.name, row.replicate)
        if not (folder / "models").is_dir():
            continue  # a copy of the stores alone
        message = "is missing: --resume trains the model again"
        if weights.is_file():
            message = wrong_weights(weights, row.weights)
        if message:
            yield Problem(str(weights.relative_to(folder)), message)


def _wrong_student(row: ModelRow, name: str) -> str:
    try:
        key = read_genotype(row.architecture).key
    except UserError as error:
        return f"its architecture cannot be read: {error}"
    fits = name == f"student-{key[:12]}"
    return "" if fits else f"its architecture has the key {key}"


def _searches(archive: ModelArchive, folder: Path) -> Iterator[Problem]:
    """Whether the models were made from the data and the teacher of the searches."""
    for path in sorted(folder.glob(f"*/{FILE_NAME}")):
        with Archive.read(path) as search:
            for name in ("task", "teacher", "shape"):
                if _told(archive.meta(name)) != _told(search.meta(name)):
                    yield Problem(f"meta {name}", f"is not that of the search {path.parent.name}")


def _told(value: object) -> str:
    return json.dumps(value, sort_keys=True)

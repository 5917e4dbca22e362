"""Whether the models of a reproduction contradict the texts that were attacked."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from kdnas.archive import MODELS_FILE, weights_of
from kdnas.archive.reading import reading
from kdnas.records import TextOutcome
from kdnas.verify.files import wrong_weights
from kdnas.verify.problem import Problem, one_line
from kdnas.verify.texts import impossible

_STRAY = """
SELECT DISTINCT name, replicate FROM texts
WHERE (name, replicate) NOT IN (SELECT name, replicate FROM models)
"""
_BARE = """
SELECT name, replicate FROM models
WHERE (name, replicate) NOT IN (SELECT name, replicate FROM texts)
"""
_UNEQUAL = """
SELECT attack, COUNT(DISTINCT spec), COUNT(DISTINCT texts), COUNT(DISTINCT labels) FROM (
    SELECT attack, MIN(spec) AS spec, COUNT(*) AS texts, GROUP_CONCAT(label) AS labels
    FROM (SELECT * FROM texts ORDER BY name, replicate, attack, text_index)
    GROUP BY name, replicate, attack)
GROUP BY attack HAVING COUNT(DISTINCT spec) + COUNT(DISTINCT texts) + COUNT(DISTINCT labels) > 3
"""
_FOOLED = """
SELECT surrogate, replicate, text_index FROM transfers WHERE surrogate = target AND correct
"""


def model_problems(folder: Path) -> list[Problem]:
    """Everything that is wrong with `models.sqlite`; texts that were attacked, and transfers."""
    try:
        with reading(folder / MODELS_FILE) as db:
            lines = [one_line(line) for (line,) in db.execute("PRAGMA integrity_check(10)")]
            if lines != ["ok"]:
                return [Problem(MODELS_FILE, f"is damaged ({line})") for line in lines]
            return [*_problems(db), *_lost(db, folder)]
    except sqlite3.Error as error:
        return [Problem(MODELS_FILE, f"cannot be read ({one_line(error)})")]


def _problems(db: sqlite3.Connection) -> Iterator[Problem]:
    for name, replicate in db.execute(_STRAY):
        yield Problem(f"{name} {replicate}", "has attacked texts, but is no model of the archive")
    for name, replicate in db.execute(_BARE):
        yield Problem(f"{name} {replicate}", "was attacked on no text")
    for attack, *_ in db.execute(_UNEQUAL):
        yield Problem(attack, "the models differ in the spec or the texts of this attack")
    for surrogate, replicate, index in db.execute(_FOOLED):
        place = f"transfer from {surrogate} {replicate} to itself"
        yield Problem(place, f"it is right on text {index}, which fooled it")
    yield from _text_problems(db)


def _lost(db: sqlite3.Connection, folder: Path) -> Iterator[Problem]:
    """Models that are gone or damaged; a copy of the archives alone has no folder for them."""
    if not (folder / "models").is_dir():
        return
    for name, replicate in db.execute("SELECT name, replicate FROM models ORDER BY rowid"):
        weights = weights_of(folder, name, replicate)
        if weights.is_file():
            message = wrong_weights(weights)
        else:
            message = "is missing: --resume trains the model again"
        if message:
            yield Problem(str(weights.relative_to(folder)), message)


def _text_problems(db: sqlite3.Connection) -> Iterator[Problem]:
    (classes,) = db.execute("SELECT 1 + MAX(label) FROM texts").fetchone()
    query = """
        SELECT name, replicate, attack, text_index, label, predicted, outcome, words,
               words_changed, queries, perturbed
        FROM texts ORDER BY name, replicate, attack, text_index
    """
    whose, place = None, 0
    for *this, index, label, predicted, outcome, words, changed, queries, text in db.execute(query):
        place = place + 1 if this == whose else 0
        whose = this
        found = TextOutcome(index, label, predicted, outcome, words, changed, queries, text)
        message = impossible(found, place, classes)
        if message:
            yield Problem(" ".join(map(str, this)), f"text {index!r} {message}")

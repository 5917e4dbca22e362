"""The numbers of tables 1 to 5 once more: from the attacked texts, in plain SQL.

Nothing of what computed the tables is used, so that a mistake there shows.
"""

import csv
import math
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from kdnas import metrics
from kdnas.analysis.paper import LABELS
from kdnas.analysis.paper.tables import ROBUST_LABELS
from kdnas.runs.reading import reading
from kdnas.verify import Problem

TOLERANCE = 1e-4
"""Of points and millions; the standard errors are sums of squares here."""

_TEXTS = """
CREATE TEMP TABLE texts AS
SELECT key AS name, replicate, text_index, label, outcome, words, words_changed, queries,
       parameters, examples
FROM outcomes JOIN measurements USING (measurement) JOIN trials USING (trial)
JOIN students USING (birth) JOIN originals USING (split, text_index)
WHERE attack = (SELECT min(attack) FROM attacks)
"""
_TRAININGS = """
CREATE TEMP TABLE trainings AS
SELECT name, replicate, 1 AS training,
       100.0 * AVG(outcome != 'skipped') AS accuracy,
       100.0 * AVG(outcome = 'failed') AS robustness,
       100.0 * AVG(CASE WHEN outcome = 'succeeded'
                   THEN 1.0 * words_changed / MAX(words, 1) END) AS words,
       1.0 * SUM(CASE WHEN outcome != 'skipped' THEN queries ELSE 0 END)
           / MAX(SUM(outcome != 'skipped'), 1) AS queries,
       (SELECT MIN(held) FROM (
            SELECT 100.0 * AVG(u.outcome = 'failed') AS held FROM texts AS u
            WHERE u.name = t.name AND u.replicate = t.replicate
            GROUP BY u.label)) AS worst,
       parameters / 1e6 AS parameters, examples
FROM texts AS t GROUP BY name, replicate
"""
_BY_TEXT = """
CREATE TEMP TABLE by_text AS
SELECT name, text_index, 100.0 * AVG(outcome != 'skipped') AS accuracy,
       100.0 * AVG(outcome = 'failed') AS robustness
FROM texts GROUP BY name, text_index
"""
_COLUMNS = {
    metrics.ACCURACY.header: "accuracy",
    metrics.ROBUSTNESS.header: "robustness",
    metrics.WORST_CLASS_ROBUSTNESS.header: "worst",
    metrics.WORDS_CHANGED.header: "words",
    metrics.QUERIES.header: "queries",
    metrics.PARAMETERS.header: "parameters",
    "adversarial texts": "examples",
}
_SHARES = ("accuracy", "robustness")


def table_problems(
    models: Path, results: Path, names: Mapping[str, str]
) -> tuple[list[Problem], int]:
    """Numbers of the CSV tables that the texts do not give, and how many were compared.

    Args:
        models: The archive of the models.
        results: The folder with the tables.
        names: Names of models by what a table calls them, besides `LABELS`.
    """
    plain = {LABELS[n]: n for n in ("teacher", "teacher-at", "pkd", "cells", "cells-at")}
    labels = {**plain, **names}
    compared, problems = 0, list[Problem]()
    with reading(models) as db:
        db.execute(_TEXTS)
        db.execute("CREATE INDEX temp.by_model ON texts (name, replicate)")
        db.execute(_TRAININGS)
        db.execute(_BY_TEXT)
        for path in sorted(results.glob("table?.csv")):
            cells = _transfers if path.stem == "table2" else _scores
            lines = ROBUST_LABELS if path.stem == "table4" else labels
            for place, printed, counted in cells(db, path, lines):
                compared += 1
                if counted is None or not _is(printed, counted):
                    given = "nothing" if counted is None else counted
                    message = f"{printed} stands there, the attacked texts give {given}"
                    problems.append(Problem(f"{path.name}, {place}", message))
    return problems, compared


def _is(printed: str, counted: float) -> bool:
    try:
        return math.isclose(float(printed), counted, abs_tol=TOLERANCE)
    except ValueError:
        return False


Cells = Iterator[tuple[str, str, float | None]]
"""Of each number: its place, what is printed, and what the texts give."""


def _scores(db: sqlite3.Connection, path: Path, labels: Mapping[str, str]) -> Cells:
    """Means and standard errors of the models."""
    for line in _lines(path):
        label = line.get("model") or "no model"
        name = labels.get(label, label)
        count = "SELECT COUNT(*) FROM trainings WHERE name = ?"
        trainings = line.get("trainings") or "nothing"
        yield f"{label}, trainings", trainings, *db.execute(count, (name,)).fetchone()
        for header, column in _COLUMNS.items():
            mean, error = _estimate(db, name, column)
            for key, value in ((header, mean), (f"{header} error", error)):
                if line.get(key):
                    yield f"{label}, {key}", line[key], value


def _estimate(db: sqlite3.Connection, name: str, column: str) -> tuple[float | None, float | None]:
    """The mean over the trainings of a model and its standard error."""
    count, mean, variance = _moments(db, "trainings", name, column)
    if mean is None:
        return None, None
    error = variance / (count - 1) if count > 1 else 0.0
    if column in _SHARES:
        texts, _, spread = _moments(db, "by_text", name, column)
        error += spread / texts
    return mean, math.sqrt(error) if count > 1 or column in _SHARES else None


def _moments(
    db: sqlite3.Connection, table: str, name: str, column: str
) -> tuple[int, float | None, float]:
    """How many values there are, their mean and their variance (over all of them)."""
    query = f"SELECT COUNT({column}), AVG({column}), AVG({column} * {column}) FROM {table}"
    count, mean, squares = db.execute(f"{query} WHERE name = ?", (name,)).fetchone()
    return count, mean, max(squares - mean * mean, 0.0) if count else 0.0


def _transfers(db: sqlite3.Connection, path: Path, labels: Mapping[str, str]) -> Cells:
    """Shares of right answers of the targets, and their errors."""
    query = """
        SELECT SUM(n), 1.0 * SUM(k) / SUM(n), SUM(k * k), SUM(k * n), SUM(n * n) FROM (
            SELECT COUNT(*) AS n, SUM(correct) AS k FROM transfers
            WHERE surrogate = ? AND target = ? GROUP BY text_index
        )
    """
    for line in _lines(path):
        surrogate, most = line.get("surrogate \\ target") or "no surrogate", 0
        for target in (label for label in labels if line.get(label)):
            pair = labels.get(surrogate), labels[target]
            shown, share, *squares = db.execute(query, pair).fetchone()
            place, error = f"{surrogate} to {target}", None
            if shown:
                most = max(most, shown)
                residuals = squares[0] - 2 * share * squares[1] + share**2 * squares[2]
                error = 100 * math.sqrt(max(residuals, 0.0)) / shown
            yield place, line[target], 100 * share if shown else None
            yield f"{place}, error", line.get(f"{target} error") or "nothing", error
        yield f"{surrogate}, texts", line.get("texts") or "nothing", most


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", errors="replace") as file:
        return list(csv.DictReader(file))

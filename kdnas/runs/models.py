"""`ModelArchive`: the store of a comparison, with every model, its attacked texts and transfers."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kdnas.errors import UserError
from kdnas.records import MadeText, TextOutcome, written
from kdnas.runs.measured import TRIAL_COLUMNS, checksum, packed, trial_digest, unpacked
from kdnas.runs.store import SEALED, Store

_MODELS = """
SELECT key, replicate, trials.seed, parameters, examples, loss, train_seconds, genotype, weights
FROM trials JOIN students USING (birth) ORDER BY trial
"""

_ADD = f"""
INSERT INTO trials (birth, replicate, seed, seconds, {", ".join(TRIAL_COLUMNS)}, digest,
    fidelity, method, status, attempts, worker)
VALUES ({", ".join("?" * (5 + len(TRIAL_COLUMNS)))}, 1, '', 'ok', 1, '')
ON CONFLICT DO UPDATE SET seed = excluded.seed, seconds = excluded.seconds,
    {", ".join(f"{name} = excluded.{name}" for name in (*TRIAL_COLUMNS, "digest"))}
RETURNING trial
"""


def weights_of(folder: Path, name: str, replicate: int) -> Path:
    """Return the weights of a model in the folder of its comparison.

    >>> weights_of(Path("runs"), "pkd", 1).as_posix()
    'runs/models/pkd-1/model.safetensors'
    """
    return folder / "models" / f"{name}-{replicate}" / "model.safetensors"


@dataclass(frozen=True)
class ModelRow:
    """One trained model.

    Attributes:
        name: What it is; the models of one name differ in their seeds.
        replicate: Which of them, from 1.
        seed: The seed of its training.
        parameters: All trainable ones.
        examples: Adversarial texts it was trained with.
        loss: The loss of its last epoch; None where it was not trained here.
        seconds: Wall time of its training.
        architecture: JSON of a student or of cells, "" for others.
        weights: SHA-256 of its stored weights.
    """

    name: str
    replicate: int
    seed: int
    parameters: int
    examples: int
    loss: float | None
    seconds: float
    architecture: str = ""
    weights: str = ""


class ModelArchive(Store):
    """Appends to and reads from the models of one comparison.

    A model is a student whose key is its name; its measurement is made on report-val.
    """

    sealed = (
        *SEALED,
        "SELECT * FROM students",
        "SELECT * FROM transfers",
        "SELECT trial, number, digest FROM made_texts",
    )

    @classmethod
    def _missing(cls, path: Path) -> UserError:
        return UserError(f"no reproduction at {path.parent}: {path.name} is missing")

    def add(
        self,
        row: ModelRow,
        predictions: Sequence[float],
        texts: Mapping[str, Sequence[TextOutcome]],
        made: Sequence[MadeText] = (),
    ) -> None:
        """Record a model; an earlier record of the same training, whose files were lost, goes.

        Args:
            row: The model.
            predictions: The class, or the number, that it gives each text of report-val.
            texts: What became of each attacked text in each attack on it, by attack.
            made: Some of the texts that were made for its training.
        """
        classes = packed(predictions, self.splits["report"].classes)
        with self._writing():
            birth = self._birth(row)
            (trial,) = self._db.execute(_ADD, _trial_columns(birth, row)).fetchone()
            self._measure(trial, "report", classes, texts, 0.0)
            self._db.execute("DELETE FROM made_texts WHERE trial = ?", (trial,))
            self._db.executemany(
                "INSERT INTO made_texts VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(trial, number, *_made_columns(each)) for number, each in enumerate(made)],
            )

    def _birth(self, row: ModelRow) -> int:
        """The number of a model's name, a new one where it has none."""
        known = "SELECT birth FROM students WHERE key = ?"
        found = self._db.execute(known, (row.name,)).fetchone()
        genotype = row.architecture or "null"
        if found is None:
            found = self._db.execute(
                "INSERT INTO students SELECT coalesce(max(birth) + 1, 0), ?, ?, 'compared', '[]', ?"
                " FROM students RETURNING birth",
                (row.name, genotype, checksum(row.name, genotype)),
            ).fetchone()
        birth: int = found[0]
        return birth

    def predictions(self, name: str, replicate: int) -> np.ndarray:
        """Return what a model gives each text of report-val, a class or a number, ``(texts,)``."""
        query = (
            "SELECT predictions FROM measurements JOIN trials USING (trial)"
            " JOIN students USING (birth) WHERE key = ? AND replicate = ? AND split = 'report'"
        )
        with self._understanding():
            (found,) = self._db.execute(query, (name, replicate)).fetchone()
            return unpacked(found, self.splits["report"].classes)

    def made(self, name: str) -> list[MadeText]:
        """Return the texts that were made for the trainings of a model, those alike once."""
        query = (
            "SELECT original, made, similarity, agrees FROM made_texts JOIN trials USING (trial)"
            " JOIN students USING (birth) WHERE key = ? ORDER BY replicate, number"
        )
        with self._understanding():
            rows = self._db.execute(query, (name,)).fetchall()
            found = [
                MadeText(self._text(own), self._text(other), alike, None if a is None else bool(a))
                for own, other, alike, a in rows
            ]
            return list({(each.original, each.made): each for each in found}.values())

    def add_transfer(
        self, surrogate: str, target: str, replicate: int, correct: Mapping[int, bool]
    ) -> None:
        """Record whether `target` is right on the texts that fooled `surrogate`, by their index."""
        rows = [(surrogate, target, replicate, index, right) for index, right in correct.items()]
        with self._writing():
            self._db.executemany("INSERT OR REPLACE INTO transfers VALUES (?, ?, ?, ?, ?)", rows)

    def models(self) -> list[ModelRow]:
        """Return every model, in the order in which they were trained."""
        with self._understanding():
            return [_model(row) for row in self._db.execute(_MODELS)]

    def texts(self, name: str, replicate: int, attack: str) -> list[TextOutcome]:
        """Return the outcomes of an attack on a model, in the order of the texts."""
        number, _ = self.attacks.get(attack, (-1, ""))
        where = "key = ? AND replicate = ? AND attack = ?"
        return self._outcomes(where, (name, replicate, number))

    def transferred(self) -> set[tuple[str, str, int]]:
        """Return (surrogate, target, replicate) of every transfer that showed a text."""
        query = "SELECT DISTINCT surrogate, target, replicate FROM transfers"
        return {tuple(row) for row in self._db.execute(query)}

    def transfers(self) -> dict[tuple[str, str], list[tuple[int, int]]]:
        """Return, by (surrogate, target), how often each text was shown and how often right."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for surrogate, target, _, shown, right in self._db.execute(
            "SELECT surrogate, target, text_index, COUNT(*), SUM(correct) FROM transfers"
            " GROUP BY surrogate, target, text_index"
        ):
            found.setdefault((surrogate, target), []).append((shown, right))
        return found


def _made_columns(each: MadeText) -> list[Any]:
    """The values of a row of `made_texts` after its number, the checksum last."""
    agrees = None if each.agrees is None else int(each.agrees)
    values = [written(each.original), written(each.made), each.similarity, agrees]
    return [*values, checksum(*values)]


def _trial_columns(birth: int, row: ModelRow) -> list[Any]:
    """The values of `_ADD`."""
    values = dict.fromkeys(TRIAL_COLUMNS) | {
        "parameters": row.parameters,
        "loss": row.loss,
        "train_seconds": row.seconds,
        "examples": row.examples,
        "metrics": "{}",
        "weights": row.weights or None,
    }
    first = (birth, row.replicate, row.seed, row.seconds)
    return [*first, *values.values(), trial_digest(values)]


def _model(row: sqlite3.Row) -> ModelRow:
    name, replicate, seed, parameters, examples, loss, seconds, genotype, weights = row
    architecture = "" if genotype == "null" else genotype
    return ModelRow(
        name, replicate, seed, parameters, examples, loss, seconds, architecture, weights or ""
    )

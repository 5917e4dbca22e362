"""`ModelArchive`: the models of a reproduction, every text that was attacked, every transfer."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Self

from kdnas.archive.reading import reading
from kdnas.errors import UserError
from kdnas.records import TextOutcome

MODELS_FILE = "models.sqlite"
_VERSION = 1

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE models (
    name TEXT, replicate INTEGER, seed INTEGER NOT NULL, parameters INTEGER NOT NULL,
    examples INTEGER NOT NULL, loss REAL, seconds REAL NOT NULL, architecture TEXT NOT NULL,
    PRIMARY KEY (name, replicate)
);
CREATE TABLE texts (
    name TEXT, replicate INTEGER, attack TEXT, text_index INTEGER, spec TEXT NOT NULL,
    label INTEGER NOT NULL, predicted INTEGER NOT NULL, outcome TEXT NOT NULL,
    words INTEGER NOT NULL, words_changed INTEGER NOT NULL, queries INTEGER,
    perturbed TEXT NOT NULL,
    PRIMARY KEY (name, replicate, attack, text_index)
) WITHOUT ROWID;
CREATE TABLE transfers (
    surrogate TEXT, target TEXT, replicate INTEGER, text_index INTEGER, correct INTEGER NOT NULL,
    PRIMARY KEY (surrogate, target, replicate, text_index)
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""


def weights_of(folder: Path, name: str, replicate: int) -> Path:
    """The weights of a model in the folder of its reproduction; its Hugging Face folder is above.

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
        seed: Of its training.
        parameters: All trainable ones.
        examples: Adversarial texts it was trained with.
        loss: Of its last epoch; None where it was not trained here.
        seconds: Wall time of its training.
        architecture: JSON of a student or of cells, "" for others.
    """

    name: str
    replicate: int
    seed: int
    parameters: int
    examples: int
    loss: float | None
    seconds: float
    architecture: str = ""


class ModelArchive:
    """Appends to and reads from the models of one reproduction."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db, self.path = connection, path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """The archive at `path`, made where there is none.

        Raises:
            UserError: It cannot be used, or is of another version.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        except (OSError, sqlite3.Error) as error:
            raise UserError(f"cannot open {path} ({error}): name another folder") from error
        with closing(connection):
            if path.stat().st_size == 0:
                connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
            archive = cls(connection, path)._checked()
            connection.execute("PRAGMA synchronous=FULL")
            yield archive

    @classmethod
    @contextmanager
    def read(cls, path: Path) -> Iterator[Self]:
        """The archive at `path` to look at; nothing is written into its folder.

        Raises:
            UserError: There is none, or it is of another version.
        """
        if not path.is_file():
            raise UserError(f"no reproduction at {path.parent}: {path.name} is missing")
        with reading(path) as connection:
            yield cls(connection, path)._checked()

    def _checked(self) -> Self:
        try:
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.DatabaseError as error:
            advice = "use a copy of the folder, or a new --out"
            raise UserError(f"{self.path} is damaged ({error}): {advice}") from error
        if version == 0:  # SQLite's own default
            raise UserError(f"{self.path} is empty: --resume, without --only, begins again")
        if version != _VERSION:
            found = f"{self.path} has schema {version}; this kdnas reads {_VERSION}"
            raise UserError(f"{found}: use the kdnas that wrote it, or a new --out")
        return self

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One durable transaction."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            hint = "free some space or mend its permissions, then go on with --resume"
            raise UserError(f"cannot write {self.path}: {error}; {hint}") from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def set_config(self, config: Mapping[str, object]) -> None:
        """Record what the models are made by."""
        with self._writing():
            self._insert("meta", [("config", json.dumps(config))])

    def config(self) -> dict[str, Any] | None:
        """What was recorded; None before."""
        found = self._db.execute("SELECT value FROM meta WHERE key = 'config'").fetchone()
        return json.loads(found[0]) if found else None

    def add(
        self, row: ModelRow, specs: Mapping[str, str], texts: Mapping[str, Sequence[TextOutcome]]
    ) -> None:
        """Record a model and what became of each text in each attack on it.

        Args:
            row: The model.
            specs: Digest of the spec by the name of the attack.
            texts: Outcomes by the name of the attack.
        """
        values = [
            (row.name, row.replicate, attack, t.index, specs[attack], t.label, t.predicted,
             t.outcome, t.words, t.words_changed, t.queries, t.perturbed)
            for attack, outcomes in texts.items()
            for t in outcomes
        ]  # fmt: skip
        with self._writing():
            self._insert("models", [astuple(row)])
            self._insert("texts", values)

    def add_transfer(
        self, surrogate: str, target: str, replicate: int, correct: Mapping[int, bool]
    ) -> None:
        """Record whether `target` is right on the texts that fooled `surrogate`, by their index."""
        pairs = correct.items()
        with self._writing():
            rows = [(surrogate, target, replicate, index, right) for index, right in pairs]
            self._insert("transfers", rows)

    def _insert(self, table: str, rows: Sequence[Sequence[object]]) -> None:
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)

    def models(self) -> list[ModelRow]:
        """Every model, in the order in which they were trained."""
        names = ", ".join(field.name for field in fields(ModelRow))
        return [
            ModelRow(*r) for r in self._db.execute(f"SELECT {names} FROM models ORDER BY rowid")
        ]

    def texts(self, name: str, replicate: int, attack: str) -> list[TextOutcome]:
        """The outcomes of an attack on a model, in the order of the texts."""
        found = self._db.execute(
            "SELECT text_index, label, predicted, outcome, words, words_changed, queries, perturbed"
            " FROM texts WHERE name = ? AND replicate = ? AND attack = ? ORDER BY text_index",
            (name, replicate, attack),
        )
        return [TextOutcome(*row) for row in found]

    def spec(self, attack: str) -> str | None:
        """Digest of the spec of an attack; None where it was not made."""
        query = "SELECT spec FROM texts WHERE attack = ? LIMIT 1"
        found = self._db.execute(query, (attack,)).fetchone()
        return found[0] if found else None

    def transferred(self) -> set[tuple[str, str, int]]:
        """(surrogate, target, replicate) of every transfer that showed a text."""
        query = "SELECT DISTINCT surrogate, target, replicate FROM transfers"
        return {tuple(row) for row in self._db.execute(query)}

    def transfers(self) -> dict[tuple[str, str], list[tuple[int, int]]]:
        """(surrogate, target) -> (times shown, times right) of each text, over all replicates."""
        found: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for surrogate, target, _, shown, right in self._db.execute(
            "SELECT surrogate, target, text_index, COUNT(*), SUM(correct) FROM transfers"
            " GROUP BY surrogate, target, text_index"
        ):
            found.setdefault((surrogate, target), []).append((shown, right))
        return found

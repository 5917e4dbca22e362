"""`Store`: what a search and a comparison both write into their file."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from kdnas.records import AttackSpec, Measurement, Stage, Text, TextOutcome, as_read, written
from kdnas.runs.database import Database
from kdnas.runs.measured import (
    OUTCOME_COLUMNS,
    SplitLabels,
    checksum,
    counted,
    counts_json,
    measured_digest,
    originals_digest,
    outcome_values,
    packed,
    unpacked,
)

_ROWS = 100
"""Outcomes that one statement inserts."""


SEALED = (
    "SELECT * FROM meta WHERE name NOT IN ('finished', 'seal')",
    "SELECT * FROM attacks",
    "SELECT split, digest FROM splits",
    "SELECT birth, digest FROM students",
    "SELECT * FROM trials",
    "SELECT * FROM events",
    "SELECT trial, split, seconds, digest FROM measurements ORDER BY trial, split",
)
"""Everything that a run came to; texts and outcomes by the checksums that stand for them."""


class Store(Database):
    """Appends to and reads from the file of a run: its data, its attacks, what was measured.

    Attributes:
        sealed: What the seal of a finished run is made of.
    """

    sealed: ClassVar[tuple[str, ...]] = SEALED

    def begin(self) -> None:
        """Record that it goes on: what it is sealed with is no longer all."""
        self.set_meta(finished=False, seal=None)

    def end(self) -> None:
        """Record that the run is finished, sealed with what it came to."""
        self.set_meta(finished=True, seal=self.seal())

    def seal(self) -> str:
        """Return a checksum over everything that the run has come to."""
        return checksum(*(list(map(tuple, self.query(select))) for select in self.sealed))

    def record_split(
        self, split: Stage, labels: Sequence[float], classes: int, attacked: Sequence[Text]
    ) -> None:
        """Record what a split of the data is, before anything is measured on it.

        Args:
            split: Its name.
            labels: The class of every text, or its number.
            classes: How many classes the task has; 1 where labels are numbers.
            attacked: The texts that are attacked, the first of the split.
        """
        pairs = zip(labels, map(written, attacked))  # noqa: B905
        originals = [(i, label, text) for i, (label, text) in enumerate(pairs)]
        blob = packed(labels, classes)
        values = (split, classes, blob, originals_digest(blob, originals))
        with self._writing():
            self._db.execute("INSERT OR IGNORE INTO splits VALUES (?, ?, ?, ?)", values)
            self._db.executemany(
                "INSERT OR IGNORE INTO originals VALUES (?, ?, ?, ?)",
                [(split, *row) for row in originals],
            )
        self.__dict__.pop("splits", None)

    def originals(self, split: Stage) -> list[tuple[int, Text]]:
        """Return the class and the words of each attacked text of a split, in order."""
        query = "SELECT label, text FROM originals WHERE split = ? ORDER BY text_index"
        rows = self._db.execute(query, (split,)).fetchall()
        return [(label, self._text(text)) for label, text in rows]

    def _text(self, kept: str) -> Text:
        """A text as it is kept, which is a pair where those of the task are."""
        return as_read(kept) if self._pairs else kept

    @cached_property
    def _pairs(self) -> bool:
        return bool((self.meta("task") or {}).get("pairs", False))

    @cached_property
    def splits(self) -> dict[str, SplitLabels]:
        """The labels of each split whose texts are known."""
        query = "SELECT split, labels, classes FROM splits"
        metric = (self.meta("task") or {}).get("metric", "accuracy")
        with self._understanding():
            return {
                split: SplitLabels(unpacked(labels, classes), classes, metric)
                for split, labels, classes in self._db.execute(query)
            }

    def record_attacks(self, specs: Mapping[str, AttackSpec]) -> None:
        """Record the attacks that are made on every trial; the first one guides a search."""
        rows = [
            (number, name, json.dumps(spec.as_record()), spec.digest)
            for number, (name, spec) in enumerate(specs.items())
        ]
        with self._writing():
            self._db.executemany("INSERT OR IGNORE INTO attacks VALUES (?, ?, ?, ?)", rows)
        self.__dict__.pop("attacks", None)

    @cached_property
    def attacks(self) -> dict[str, tuple[int, str]]:
        """The number and the digest of the spec of each attack, by name."""
        query = "SELECT name, attack, digest FROM attacks ORDER BY attack"
        with self._understanding():
            return {name: (number, digest) for name, number, digest in self._db.execute(query)}

    def specs(self) -> dict[str, AttackSpec]:
        """The spec of each attack, by name."""
        query = "SELECT name, spec FROM attacks ORDER BY attack"
        with self._understanding():
            found = self._db.execute(query)
            return {name: AttackSpec.from_record(json.loads(text)) for name, text in found}

    def _measure(
        self,
        trial: int,
        split: Stage,
        predictions: bytes,
        outcomes: Mapping[str, Sequence[TextOutcome]],
        seconds: float,
    ) -> None:
        """Write a measurement in the place of an earlier one, within a transaction.

        Args:
            trial: What was measured.
            split: On which texts.
            predictions: The predicted class of every text, packed.
            outcomes: The attacked texts by the name of the attack; the first one's are counted, and
                there is none where labels are numbers.
            seconds: Wall time.
        """
        counts = counts_json(self._counted(split, predictions, outcomes))
        rows = [
            (self.attacks[name][0], *values)
            for name, texts in outcomes.items()
            for values in outcome_values(texts)
        ]
        where = "(SELECT measurement FROM measurements WHERE trial = ? AND split = ?)"
        self._db.execute(f"DELETE FROM outcomes WHERE measurement = {where}", (trial, split))
        self._db.execute("DELETE FROM measurements WHERE trial = ? AND split = ?", (trial, split))
        digest = measured_digest(predictions, counts, sorted(rows))
        number = self._db.execute(
            "INSERT INTO measurements (trial, split, predictions, counts, seconds, digest)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (trial, split, predictions, counts, seconds, digest),
        ).lastrowid
        row = f"({', '.join('?' * (2 + len(OUTCOME_COLUMNS)))})"
        for start in range(0, len(rows), _ROWS):  # `executemany` takes twice as long
            some = rows[start : start + _ROWS]
            insert = f"INSERT INTO outcomes VALUES {', '.join([row] * len(some))}"
            self._db.execute(insert, [value for one in some for value in (number, *one)])

    def _counted(
        self, split: Stage, predictions: bytes, outcomes: Mapping[str, Sequence[TextOutcome]]
    ) -> Measurement:
        """The counts of predictions and of the first attack."""
        for name, texts in outcomes.items():
            return counted(self.splits[split], predictions, texts, self.attacks[name][1])
        return counted(self.splits[split], predictions, (), "")

    def _outcomes(self, where: str, values: Sequence[object]) -> list[TextOutcome]:
        """Attacked texts, in the order of the texts."""
        query = (
            "SELECT text_index, label, predicted, outcome, words, words_changed, queries, perturbed"
            " FROM outcomes JOIN measurements USING (measurement) JOIN trials USING (trial)"
            " JOIN originals USING (split, text_index) JOIN students USING (birth)"
            f" WHERE {where} ORDER BY text_index"
        )
        with self._understanding():
            rows = self._db.execute(query, values).fetchall()
            return [TextOutcome(*(*row[:-1], self._text(row[-1]))) for row in rows]

"""`Archive`: the store of one search, with every ask, every tell and every trial."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from kdnas.records import (
    Evaluation,
    Failure,
    Finished,
    Measurement,
    Report,
    Stage,
    TextOutcome,
)
from kdnas.runs.measured import (
    checksum,
    counts_measurement,
    packed,
    trial_digest,
    unpacked,
)
from kdnas.runs.rows import Birth, Row, Trial, row_of
from kdnas.runs.store import Store

_COSTS = ("parameters", "block_parameters", "flops", "loss", "train_seconds", "attack_seconds")

_TRIALS = """
SELECT birth, key, iif(json_valid(genotype), genotype, NULL), operation, parents, trial, replicate,
    fidelity, seed, status, parameters, block_parameters, flops, loss, train_seconds,
    attack_seconds, metrics, weights, failure, message, attempts, seconds
FROM trials JOIN students USING (birth) ORDER BY birth, trial
"""


class Archive(Store):
    """Appends to and reads from the archive of one search."""

    def ask(self, births: Sequence[Birth], method: str) -> None:
        """Record what was asked for: new students, a pending trial each, and an event each.

        Args:
            births: The trials.
            method: How their students are taught, `distill.method`.
        """
        students = [student_columns(b) for b in births if b.replicate == 0]
        with self._writing():
            (first,) = self._db.execute("SELECT coalesce(max(trial) + 1, 0) FROM trials").fetchone()
            trials = [
                (first + i, b.birth, b.replicate, b.fidelity, method, b.seed)
                for i, b in enumerate(births)
            ]
            self._db.executemany("INSERT INTO students VALUES (?, ?, ?, ?, ?, ?)", students)
            self._db.executemany(
                "INSERT INTO trials (trial, birth, replicate, fidelity, method, seed, status)"
                " VALUES (?, ?, ?, ?, ?, ?, 'pending')",
                trials,
            )
            self._events("ask", [trial for trial, *_ in trials])

    def finish(self, done: Finished, *, told: bool = False) -> None:
        """Record the result of a pending trial, and in the same transaction that it was told."""
        job, result = done.job, done.result
        values = {"attempts": done.attempts, "seconds": done.seconds, "worker": done.worker}
        values |= _result_columns(result)
        assignments = ", ".join(f"{name} = ?" for name in values)
        with self._writing():
            trial = self.trial(job.birth, job.replicate, job.fidelity)
            self._db.execute(
                f"UPDATE trials SET {assignments} WHERE trial = ?", (*values.values(), trial)
            )
            if isinstance(result, Evaluation):
                self._measured(trial, "search", result.search, result)
            if told:
                self._events("tell", [trial])

    def trial(self, birth: int, replicate: int = 0, fidelity: float = 1.0) -> int:
        """Return the number of a trial.

        Raises:
            LookupError: It was never asked for.
        """
        query = "SELECT trial FROM trials WHERE birth = ? AND replicate = ? AND fidelity = ?"
        found = self._db.execute(query, (birth, replicate, fidelity)).fetchone()
        if found is None:
            raise LookupError(f"birth {birth} was never asked for")
        number: int = found[0]
        return number

    def reopen(self, trials: Iterable[int]) -> None:
        """Forget failures that were not told: their trials are pending again."""
        told = {trial for kind, trial in self.events() if kind == "tell"}
        with self._writing():
            self._db.executemany(
                "UPDATE trials SET status = 'pending', failure = NULL, message = NULL,"
                " attempts = NULL, seconds = NULL, worker = NULL WHERE trial = ?",
                [(trial,) for trial in trials if trial not in told],
            )

    def tell(self, trials: Iterable[int]) -> None:
        """Record that the results of `trials` were told to the algorithm, in this order."""
        with self._writing():
            self._events("tell", trials)

    def report(self, birth: int, report: Report, replicate: int = 0, fidelity: float = 1.0) -> None:
        """Record the values of a trial on report-val."""
        with self._writing():
            trial = self.trial(birth, replicate, fidelity)
            self._measured(trial, "report", report.measurement, report, report.seconds)

    def _measured(
        self,
        trial: int,
        split: Stage,
        measurement: Measurement,
        result: Evaluation | Report,
        seconds: float = 0.0,
    ) -> None:
        """Write a measurement, once its predictions fit the split and its attack is the run's."""
        if split not in self.splits:
            raise ValueError(f"the texts of {split} are not recorded")
        known = self.splits[split]
        if len(result.predictions) != len(known.labels):
            raise ValueError(f"{len(result.predictions)} predictions on {len(known.labels)} texts")
        for _, digest in list(self.attacks.values())[:1]:
            if digest != measurement.spec:
                raise ValueError(f"attacked by spec {measurement.spec}, not {digest}")
        predictions = packed(result.predictions, known.classes)
        outcomes = dict.fromkeys(list(self.attacks)[:1], result.texts)
        self._measure(trial, split, predictions, outcomes, seconds)

    def _events(self, kind: str, trials: Iterable[int]) -> None:
        rows = [(kind, trial) for trial in trials]
        self._db.executemany("INSERT INTO events (kind, trial) VALUES (?, ?)", rows)

    def events(self) -> list[tuple[str, int]]:
        """Return every ask and tell in order: (kind, trial)."""
        query = "SELECT kind, trial FROM events ORDER BY id"
        with self._understanding():
            return [tuple(row) for row in self._db.execute(query)]

    def rows(self) -> list[Row]:
        """Return every student with its trials, in birth order."""
        with self._understanding():
            query = "SELECT trial, split, counts FROM measurements"
            found = {
                (trial, split): counts_measurement(counts)
                for trial, split, counts in self._db.execute(query)
            }
            students: dict[int, tuple[Any, ...]] = {}
            trials: dict[int, list[Trial]] = {}
            for birth, *row in self._db.execute(_TRIALS):
                if row[1] is None:
                    raise ValueError(f"the architecture of birth {birth} is no JSON")
                students[birth] = tuple(row[:4])
                search, report = found.get((row[4], "search")), found.get((row[4], "report"))
                trials.setdefault(birth, []).append(_trial(row[4:], search, report))
            return [
                row_of(birth, key, genotype, operation, _parents(parents), tuple(trials[birth]))
                for birth, (key, genotype, operation, parents) in students.items()
            ]

    def texts(self, birth: int, split: Stage, replicate: int = 0) -> list[TextOutcome]:
        """Return the attacked texts of a student on one split."""
        where = "birth = ? AND split = ? AND replicate = ? AND fidelity = 1"
        return self._outcomes(where, (birth, split, replicate))

    def predictions(self, birth: int, replicate: int = 0) -> tuple[float, ...]:
        """Return the predictions of every text of search-val; nothing where none were kept."""
        query = "SELECT predictions FROM measurements WHERE trial = ? AND split = 'search'"
        trial = self.trial(birth, replicate)
        (found,) = self._db.execute(query, (trial,)).fetchone() or (None,)
        if found is None:
            return ()
        return tuple(unpacked(found, self.splits["search"].classes).tolist())


def student_columns(b: Birth) -> tuple[Any, ...]:
    """The row of a student, the checksum over the others last."""
    arch = b.architecture
    values = (b.birth, arch.key, arch.to_json(), b.operation, json.dumps(b.parents))
    return *values, checksum(*values)


def _result_columns(result: Any) -> dict[str, Any]:
    """The columns that the result of a trial fills."""
    if isinstance(result, Failure):
        return {"status": "failed", "failure": result.kind, "message": result.message}
    assert isinstance(result, Evaluation)
    costs = {name: getattr(result, name) for name in _COSTS}
    if math.isnan(costs["loss"]):
        costs["loss"] = None  # SQLite has no NaN
    metrics, weights = json.dumps(dict(result.values)), result.weights or None
    values = {**costs, "examples": None, "metrics": metrics, "weights": weights}
    return {"status": "ok", **values, "digest": trial_digest(values)}


def _parents(text: str) -> tuple[int, ...]:
    parents = json.loads(text) if text != "[]" else ()
    if not all(type(parent) is int for parent in parents):
        raise ValueError(f"parents {text:.40} are no births")
    return tuple(parents)


def _values(trial: int, text: str) -> dict[str, float]:
    """The values of a user's metrics."""
    values = json.loads(text) if text != "{}" else {}
    if not (isinstance(values, dict) and all(isinstance(v, int | float) for v in values.values())):
        raise ValueError(f"the metrics of trial {trial} are no numbers")
    return values


def _trial(row: Sequence[Any], search: Measurement | None, report: Measurement | None) -> Trial:
    """A trial from its columns and its measurements."""
    trial, replicate, fidelity, seed, status, *costs, kind, message, attempts, seconds = row
    evaluation = failure = None
    if status == "ok":
        if search is None:
            raise ValueError(f"trial {trial} was evaluated, but not measured")
        parameters, blocks, flops, loss, training, attack, metrics, weights = costs
        for cost in (parameters, blocks, flops, training, attack):
            if cost is None or not 0 <= cost < math.inf:
                raise ValueError(f"trial {trial} has {cost} for a size or a time")
        evaluation = Evaluation(
            parameters,
            blocks,
            flops,
            search,
            loss=math.nan if loss is None else loss,
            train_seconds=training,
            attack_seconds=attack,
            values=_values(trial, metrics),
            weights=weights or "",
        )
    elif status == "failed":
        failure = Failure(kind, message)
    return Trial(
        trial,
        replicate,
        fidelity,
        seed,
        status,
        evaluation,
        failure,
        report,
        attempts or 0,
        seconds or 0.0,
    )

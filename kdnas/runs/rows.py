"""What a store holds, as values: what was asked for, and students with their trials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from kdnas.records import Evaluation, Failure, Measurement, pooled
from kdnas.space import Genotype, read_genotype

Status = Literal["pending", "ok", "failed"]


@dataclass(frozen=True)
class Birth:
    """A student that was asked for: its number in the run, where it came from, and the trial.

    Attributes:
        birth: Its number among the students of the run, from 0.
        architecture: The student.
        operation: What made it; `parents` are births.
        seed: The seed of the training.
        replicate: How many trials of the student came before, at this fidelity.
        fidelity: The share of the epochs that it is trained for.
    """

    birth: int
    architecture: Genotype
    operation: str
    parents: tuple[int, ...]
    seed: int
    replicate: int = 0
    fidelity: float = 1.0


@dataclass(frozen=True)
class Trial:
    """One evaluation of a student.

    Attributes:
        trial: Its number among the trials of the run, in the order in which they were asked for.
        replicate: Its number among the trials of the student at this fidelity.
        fidelity: The share of the epochs that it was trained for.
        seed: The seed of its training.
        status: `pending`, `ok` or `failed`.
        evaluation: What was measured, if `ok`; without predictions and single texts.
        failure: Why it failed, if it did.
        report: Its values on report-val, if it was measured there.
        attempts: How often it was tried; 0 while it is pending.
        seconds: Wall time of the last attempt.
    """

    trial: int
    replicate: int
    fidelity: float
    seed: int
    status: Status
    evaluation: Evaluation | None = None
    failure: Failure | None = None
    report: Measurement | None = None
    attempts: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Row:
    """One student of a store with all that its trials have given, in birth order.

    Attributes:
        birth: Its number in the run, from 0.
        key: The architecture's identity.
        architecture_json: The architecture as it was proposed.
        operation: What made it; `parents` are births.
        seed: The seed of the training that stands for the student; see `chosen`.
        status: `pending` while a trial is, else `ok` if one was evaluated, else `failed`.
        evaluation: What was measured, the mean over the trials at the largest fidelity.
        failure: Why not, if all of them failed.
        report: Its values on report-val, if it was measured there.
        attempts: How often its trials were tried.
        seconds: Wall time of the last attempts.
        trials: The trials one by one.
    """

    birth: int
    key: str
    architecture_json: str
    operation: str
    parents: tuple[int, ...]
    seed: int
    status: Status
    evaluation: Evaluation | None = None
    failure: Failure | None = None
    report: Measurement | None = None
    attempts: int = 0
    seconds: float = 0.0
    trials: tuple[Trial, ...] = ()

    @property
    def architecture(self) -> Any:
        """The architecture as it was proposed; that of a space that is not known is refused."""
        return read_genotype(self.architecture_json)

    @property
    def chosen(self) -> Trial:
        """The trial whose weights stand for the student: the first that was evaluated in full."""
        return chosen_trial(self.trials)


def chosen_trial(trials: Sequence[Trial]) -> Trial:
    """The first evaluated trial of the largest fidelity; the first of all where none was."""
    evaluated = [trial for trial in trials if trial.evaluation]
    return min(evaluated or trials[:1], key=lambda trial: (-trial.fidelity, trial.replicate))


def row_of(
    birth: int,
    key: str,
    architecture_json: str,
    operation: str,
    parents: tuple[int, ...],
    trials: tuple[Trial, ...],
) -> Row:
    """A student with its trials, of which there is at least one."""
    chosen = trials[0] if len(trials) == 1 else chosen_trial(trials)
    status, evaluation = chosen.status, chosen.evaluation
    if len(trials) > 1:
        pending = any(trial.status == "pending" for trial in trials)
        status = "pending" if pending else status
        known = [t.evaluation for t in trials if t.evaluation and t.fidelity == chosen.fidelity]
        evaluation = pooled(known) if known and not pending else None
    return Row(
        birth=birth,
        key=key,
        architecture_json=architecture_json,
        operation=operation,
        parents=parents,
        seed=chosen.seed,
        status=status,
        evaluation=evaluation,
        failure=chosen.failure if status == "failed" else None,
        report=chosen.report,
        attempts=sum(trial.attempts for trial in trials),
        seconds=sum(trial.seconds for trial in trials),
        trials=trials,
    )


def weights_name(key: str, replicate: int = 0, fidelity: float = 1.0) -> str:
    """Return the name of the file with the weights of a trial, without its ending.

    >>> weights_name("f00"), weights_name("f00", 2), weights_name("f00", 1, 0.5)
    ('f00', 'f00-2', 'f00-1@0.5')
    """
    share = "" if fidelity == 1 else f"@{fidelity:g}"
    return f"{key}-{replicate}{share}" if replicate or share else key


def births_of(row: Row) -> dict[int, Birth]:
    """What was asked for of a student, by the number of the trial."""
    first = Birth(row.birth, row.architecture, row.operation, row.parents, row.seed)
    return {
        t.trial: replace(first, seed=t.seed, replicate=t.replicate, fidelity=t.fidelity)
        for t in row.trials
    }

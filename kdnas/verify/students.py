"""Whether the students are those that the search can have proposed, told in a possible order."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise

from kdnas.analysis import pareto_front
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.registry import UnknownPart
from kdnas.runs import Archive, Row
from kdnas.runs.measured import TRIAL_COLUMNS, checksum, trial_digest
from kdnas.seeds import derived_seed
from kdnas.space import NetworkShape, SearchSpace, read_genotype
from kdnas.verify.problem import Problem
from kdnas.verify.settings import Settings


def student_problems(archive: Archive, rows: Sequence[Row], settings: Settings) -> list[Problem]:
    """Return everything that is wrong with the students, their trials and the events."""
    found = [*_numbering(rows), *_events(archive), *_results(archive)]
    digests = dict(archive.query("SELECT birth, digest FROM students"))
    for row in rows:
        messages = _identity(row, digests[row.birth])
        if not messages and settings.config:
            messages = [*_trials(row, settings.config.search.seed)]
            messages += _limits(row, settings.config, settings.shape)
        found += [Problem(f"birth {row.birth}", message) for message in messages]
    if settings.config:
        found += [*_budget(rows, settings.config), *_methods(archive, settings.config)]
    if settings.config and settings.finished and not found:
        found += _ending(archive, rows, settings)
    return found


def _numbering(rows: Sequence[Row]) -> Iterator[Problem]:
    """Births and trials are 0 to n - 1."""
    trials = sorted(trial.trial for row in rows for trial in row.trials)
    for kind, numbers in (("birth", [row.birth for row in rows]), ("trial", trials)):
        for expected, number in enumerate(numbers):
            if number != expected:
                yield Problem(f"{kind} {expected}", f"is missing; {number} is in its place")
                break


def _identity(row: Row, digest: str) -> list[str]:
    """Whether key, parents and checksum are what the architecture makes of them."""
    if not all(type(parent) is int and 0 <= parent < row.birth for parent in row.parents):
        return [f"its parents {list(row.parents)} are no earlier births"]
    try:
        key = read_genotype(row.architecture_json).key
    except UnknownPart:
        key = row.key  # its code is not here, so that it cannot be counted again
    except UserError as error:
        return [f"its architecture cannot be read: {error}"]
    if row.key != key:
        return [f"its key is {row.key}, but its architecture's is {key}"]
    parents = json.dumps(row.parents)
    if checksum(row.birth, row.key, row.architecture_json, row.operation, parents) != digest:
        return [f"it was not made by {row.operation!r} of {list(row.parents)}, by its checksum"]
    return []


def _trials(row: Row, run_seed: int) -> Iterator[str]:
    """Whether each training has the seed of its replicate, from 0 at each fidelity."""
    for trial in row.trials:
        seed = derived_seed(run_seed, row.key, trial.replicate)
        if trial.seed != seed:
            told = f"the seed of trial {trial.trial} is {trial.seed}"
            yield f"{told}; its key and the run's seed give {seed}"
    for earlier, later in pairwise(sorted((t.fidelity, t.replicate) for t in row.trials)):
        if earlier[0] == later[0] and later[1] != earlier[1] + 1:
            yield f"replicate {earlier[1] + 1} is missing"


def _limits(row: Row, config: Config, shape: NetworkShape | None) -> Iterator[str]:
    """Whether a student lies in the space, keeps to its limits, and has the sizes it says."""
    try:
        arch = row.architecture
    except UnknownPart:
        return
    if isinstance(config.space, SearchSpace) and arch not in config.space:
        yield "it is not in the space of the settings"
    if shape is None or isinstance(config.space, dict):  # its parts' code is not here
        return
    sizes = asdict(config.space.cost(arch, shape, config.student.max_length))
    for name, most in (
        ("parameters", config.constraints.max_parameters),
        ("flops", config.constraints.max_flops),
    ):
        if most is not None and sizes[name] > most:
            yield f"it has {sizes[name]} {name}; constraints.max_{name} is {most}"
    for trial in row.trials:
        for name, size in sizes.items():
            told = getattr(trial.evaluation, name, size)
            if told != size:
                yield f"its {name} are {told}; its architecture has {size}"


def _events(archive: Archive) -> Iterator[Problem]:
    """Every trial is asked for once, in order; told once at most, later, and with a result."""
    query = """
        SELECT id, kind, trial, status, row_number() OVER (PARTITION BY kind ORDER BY id) - 1,
            (SELECT min(id) FROM events AS ask WHERE ask.trial = events.trial AND kind = 'ask')
        FROM events JOIN trials USING (trial) ORDER BY id
    """
    for number, kind, trial, status, place, asked in archive.query(query):
        if kind == "ask" and trial != place:
            yield Problem(f"event {number}", f"asks for trial {trial} in the place of {place}")
        elif kind == "tell" and (asked is None or asked > number):
            yield Problem(f"event {number}", f"tells of trial {trial} before it is asked for")
        elif kind == "tell" and status == "pending":
            yield Problem(f"event {number}", f"tells of trial {trial}, which has no result")
    unasked = "SELECT trial FROM trials WHERE trial NOT IN (SELECT trial FROM events)"
    for (trial,) in archive.query(unasked):
        yield Problem(f"trial {trial}", "was never asked for")


def _results(archive: Archive) -> Iterator[Problem]:
    """Whether each result is the one that was recorded, by its checksum."""
    names = ", ".join(TRIAL_COLUMNS)
    query = f"SELECT trial, digest, {names} FROM trials WHERE status = 'ok'"
    for row in archive.query(query):
        if trial_digest(row) != row["digest"]:
            yield Problem(f"trial {row['trial']}", "its sizes, loss, times or metrics have changed")


def _methods(archive: Archive, config: Config) -> Iterator[Problem]:
    query, method = "SELECT trial, method FROM trials WHERE method != ?", config.distill.method
    for trial, told in archive.query(query, (method,)):
        message = f"its student was taught by {told!r}; distill.method is {method!r}"
        yield Problem(f"trial {trial}", message)


def _budget(rows: Sequence[Row], config: Config) -> Iterator[Problem]:
    budget = config.search.evaluations
    if len(rows) > budget:
        yield Problem("evaluations", f"{len(rows)} students; search.evaluations is {budget}")


def _ending(archive: Archive, rows: Sequence[Row], settings: Settings) -> Iterator[Problem]:
    """Yield what a finished run lacks: trials that were told, reports of its front."""
    told = {trial for kind, trial in archive.events() if kind == "tell"}
    for row in rows:
        for trial in row.trials:
            if trial.trial not in told:
                yield Problem(f"trial {trial.trial}", "was never told, but the run is finished")
    for row in pareto_front(rows, settings.objectives or (), settings.floor):
        if row.report is None:
            place = f"birth {row.birth}"
            yield Problem(place, "is on the front of a finished run without a report")

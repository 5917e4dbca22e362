"""The search loop: ask, record, evaluate, tell; a resumed run replays it over what is recorded."""

from collections.abc import Callable, Iterable, Sequence

from kdnas.algorithms import Proposal, make_algorithm
from kdnas.archive import Archive, Birth, Row
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.records import Evaluation, Failure, Job, Report, Result
from kdnas.seeds import derived_seed
from kdnas.space import Accept
from kdnas.workers import Workers

Progress = Callable[[Birth, Result], None]

HOPELESS = 8
"""When so many students are done and all have failed, the run stops: they are not the cause."""


def run_search(
    config: Config,
    archive: Archive,
    workers: Workers,
    *,
    floor: float,
    accept: Accept,
    progress: Progress,
) -> str:
    """Search until the budget is spent, and record everything.

    With an archive that holds a part of the run already the same steps are taken again, with the
    recorded results in the place of evaluations; what was outstanding is evaluated.

    Args:
        config: The run's configuration.
        archive: Where everything is recorded.
        workers: What evaluates.
        floor: Least accuracy in [0, 1]; 0 for none.
        accept: What a student must fulfil to be trained.
        progress: Called with every student and its result, new or recorded.

    Returns:
        Why it ended: `budget`, `patience` or `exhausted`.

    Raises:
        UserError: The recorded part of the run cannot be repeated, no student keeps to the limits,
            or all students fail.
    """
    settings = config.search
    algorithm = make_algorithm(settings, config.space, config.fitness, floor, accept)
    record = _Record(archive, progress)
    asked = 0
    while asked < settings.evaluations and algorithm.finished is None:
        proposals = algorithm.ask(settings.evaluations - asked)
        if not proposals:
            break
        births = [_birth(n, p, settings.seed) for n, p in enumerate(proposals, asked)]
        record.ask(births)
        results = record.results(births, workers)
        algorithm.tell(results)
        record.tell(births)
        asked += len(births)
    record.close(asked)
    return algorithm.finished or "budget"


def report_front(
    rows: Iterable[Row], archive: Archive, workers: Workers, progress: Progress
) -> None:
    """Measure students on report-val and record it; those that were measured are left out.

    Raises:
        UserError: Some could not be measured; the others are recorded.
    """
    births = {row.birth: _recorded(row) for row in rows if row.report is None}
    jobs = [Job(b.birth, b.architecture, b.seed, "report") for b in births.values()]
    failures: list[Failure] = []
    for job, result in workers.run(jobs):
        if isinstance(result, Failure):
            failures.append(result)
        else:
            assert isinstance(result, Report), f"{job} came back as {type(result).__name__}"
            archive.report(job.birth, result)
        progress(births[job.birth], result)
    if failures:
        raise UserError(
            f"{len(failures)} of {len(jobs)} students could not be measured on report-val"
            f" ({_described(failures[0])}); mend the cause, then go on with --resume"
        )


class _Record:
    """A run as it is recorded: a replay is compared with it, and adds what is missing."""

    def __init__(self, archive: Archive, progress: Progress) -> None:
        self._archive, self._progress = archive, progress
        self._rows = {row.birth: row for row in archive.rows()}
        self._told = {birth for kind, birth in archive.events() if kind == "tell"}
        self._failures: list[Failure] = []
        self._evaluated = 0

    def ask(self, births: Sequence[Birth]) -> None:
        """Record new births; old ones must be what they were."""
        for birth in births:
            row = self._rows.get(birth.birth)
            if row is not None and _recorded(row) != birth:
                raise self._not_repeatable(birth.birth)
        new = [birth for birth in births if birth.birth not in self._rows]
        if new:
            self._archive.ask(new)

    def results(self, births: Sequence[Birth], workers: Workers) -> list[Evaluation | Failure]:
        """The results of `births` in their order: the recorded ones, the others evaluated."""
        results: dict[int, Evaluation | Failure] = {}
        for birth in births:
            row = self._rows.get(birth.birth)
            known = row and (row.evaluation or row.failure)
            if known:
                self._note(birth, known)
                results[birth.birth] = known
        missing = {b.birth: b for b in births if b.birth not in results}
        jobs = [Job(b.birth, b.architecture, b.seed) for b in missing.values()]
        for job, result in workers.run(jobs):
            assert not isinstance(result, Report), f"{job} came back as a report"
            self._archive.finish(job.birth, result)
            self._note(missing[job.birth], result)
            results[job.birth] = result
        return [results[birth.birth] for birth in births]

    def tell(self, births: Sequence[Birth]) -> None:
        """Record that the results of `births` were told."""
        new = [birth.birth for birth in births if birth.birth not in self._told]
        if new:
            self._archive.tell(new)

    def close(self, asked: int) -> None:
        """Refuse, at the end, a run without any student, or shorter than what is recorded of it."""
        if asked == 0:
            raise UserError(
                "no student of the space keeps to constraints.max_parameters and"
                " constraints.max_flops; raise them"
            )
        if len(self._rows) > asked:
            raise self._not_repeatable(asked)
        self._require_hope(least=1)

    def _note(self, birth: Birth, result: Evaluation | Failure) -> None:
        self._evaluated += 1
        if isinstance(result, Failure):
            self._failures.append(result)
        self._progress(birth, result)
        self._require_hope(HOPELESS)

    def _require_hope(self, least: int) -> None:
        if len(self._failures) == self._evaluated >= least:
            raise UserError(
                f"all of the first {self._evaluated} students failed"
                f" ({_described(self._failures[0])}); mend the cause and start a new run"
            )

    def _not_repeatable(self, birth: int) -> UserError:
        versions = self._archive.meta("versions")
        return UserError(
            f"the run cannot be repeated from birth {birth} on: it was recorded with {versions};"
            " go on with the same settings and versions, or start a new run"
        )


def _birth(number: int, proposal: Proposal, seed: int) -> Birth:
    arch = proposal.architecture
    training_seed = derived_seed(seed, arch.key, 0)
    return Birth(number, arch, proposal.operation, proposal.parents, training_seed)


def _recorded(row: Row) -> Birth:
    return Birth(row.birth, row.architecture, row.operation, row.parents, row.seed)


def _described(failure: Failure) -> str:
    return f"{failure.kind}: {failure.message}"

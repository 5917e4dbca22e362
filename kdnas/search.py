"""The search loop: ask, evaluate, tell; every step is recorded, and a resume is a replay."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kdnas.algorithms import Algorithm, Proposal, make_algorithm
from kdnas.archive import Archive, Birth, Row
from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.records import Evaluation, Failure, Job, Report, Result
from kdnas.seeds import derived_seed
from kdnas.space import Accept
from kdnas.workers import Workers

Progress = Callable[[Birth, Result], None]

HOPELESS = 8
"""A run whose first students all failed, so many of them, stops."""


def run_search(
    config: Config,
    archive: Archive,
    workers: Workers,
    *,
    floor: float,
    accept: Accept = lambda _: True,
    progress: Progress = lambda birth, result: None,
) -> str:
    """Search until the budget is spent or the algorithm has finished.

    On an archive that holds part of the run the same proposals are made again and compared with
    the recorded ones; results that are there are told, not computed.

    Args:
        config: The run; its seed decides everything.
        archive: Where each step is recorded before the next one.
        workers: What evaluates.
        floor: Least accuracy.
        accept: Constraints that are known before training.
        progress: Called with each birth and its result.

    Returns:
        Why it ended: `budget`, `patience` or `exhausted`.

    Raises:
        UserError: The archive was recorded by another version or machine, or all students fail.
    """
    algorithm = make_algorithm(config.search, config.space, config.fitness, floor, accept)
    loop = _Loop(config, archive, workers, progress)
    while loop.births < config.search.evaluations:
        proposals = [] if algorithm.finished else algorithm.ask(loop.left)
        if not proposals:
            return algorithm.finished or "exhausted"
        loop.step(algorithm, proposals)
    return "budget"


class _Loop:
    """The state of a search besides its algorithm: what is recorded, and how far it is."""

    def __init__(
        self, config: Config, archive: Archive, workers: Workers, progress: Progress
    ) -> None:
        self._config, self._archive = config, archive
        self._workers, self._progress = workers, progress
        self._recorded = {row.birth: row for row in archive.rows()}
        self._told = sum(kind == "tell" for kind, _ in archive.events())
        self._failed_from_start = True
        self.births = 0

    @property
    def left(self) -> int:
        """Students that the budget still has."""
        return self._config.search.evaluations - self.births

    def step(self, algorithm: Algorithm, proposals: Sequence[Proposal]) -> None:
        """Record proposals, evaluate those without a result, tell all in the order proposed."""
        births = [self._birth(p, self.births + i) for i, p in enumerate(proposals)]
        self.births += len(births)
        self._record([b for b in births if not self._known(b)])
        results = self._results(births)
        self._stop_if_hopeless(results)
        algorithm.tell(results)
        told = [b.birth for b in births if b.birth >= self._told]
        if told:
            self._archive.tell(told)

    def _birth(self, proposal: Proposal, number: int) -> Birth:
        arch = proposal.architecture
        seed = derived_seed(self._config.search.seed, arch.key, 0)
        return Birth(number, arch, proposal.operation, proposal.parents, seed)

    def _known(self, birth: Birth) -> bool:
        """Whether the archive holds this very proposal; another in its place ends the run."""
        row = self._recorded.get(birth.birth)
        if row is None:
            return False
        proposed = (birth.architecture.to_json(), birth.operation, birth.parents, birth.seed)
        if proposed == (row.architecture_json, row.operation, row.parents, row.seed):
            return True
        raise UserError(
            f"the replay proposes another student than the archive at birth {birth.birth}: "
            f"it was recorded with {self._archive.meta('versions')}; start a new run elsewhere"
        )

    def _record(self, births: Sequence[Birth]) -> None:
        if births:
            self._archive.ask(births)

    def _results(self, births: Sequence[Birth]) -> list[Evaluation | Failure]:
        """The results in the order of `births`; each new one is recorded as it comes."""
        found: dict[int, Evaluation | Failure] = {}
        by_number = {birth.birth: birth for birth in births}
        for birth in births:
            row = self._recorded.get(birth.birth)
            known = row and (row.evaluation or row.failure)
            if known:
                found[birth.birth] = known
                self._progress(birth, known)
        jobs = [
            Job(b.birth, b.architecture, b.seed) for b in births if b.birth not in found
        ]
        for job, result in self._workers.run(jobs):
            assert not isinstance(result, Report)
            self._archive.finish(job.birth, result)
            if isinstance(result, Evaluation):
                result = replace(result, texts=())  # they are in the archive
            found[job.birth] = result
            self._progress(by_number[job.birth], result)
        return [found[birth.birth] for birth in births]

    def _stop_if_hopeless(self, results: Sequence[Evaluation | Failure]) -> None:
        failures = [result for result in results if isinstance(result, Failure)]
        self._failed_from_start &= len(failures) == len(results)
        if self._failed_from_start and self.births >= min(HOPELESS, self._config.search.evaluations):
            raise UserError(
                f"all of the first {self.births} students failed, "
                f"one with {failures[0].kind}: {failures[0].message}"
            )


def report_front(
    rows: Sequence[Row], archive: Archive, workers: Workers, progress: Progress
) -> None:
    """Measure students on report-val, those that were not yet, and record it.

    Raises:
        UserError: A student that was evaluated before cannot be measured.
    """
    births = {
        row.birth: Birth(row.birth, row.architecture, row.operation, row.parents, row.seed)
        for row in rows
        if row.report is None
    }
    jobs = [Job(b.birth, b.architecture, b.seed, "report") for b in births.values()]
    for job, result in workers.run(jobs):
        if not isinstance(result, Report):
            raise UserError(f"student {job.architecture.key} cannot be reported on: {result}")
        archive.report(job.birth, result)
        progress(births[job.birth], result)

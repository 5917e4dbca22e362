"""A run as it is recorded: a replay is compared with it, and adds what is missing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from kdnas.algorithms import Again, Proposal
from kdnas.errors import UserError
from kdnas.metrics import Metric, with_values
from kdnas.records import Evaluation, Failure, Finished, Job, Report
from kdnas.runs import Archive, Birth, Trial, births_of
from kdnas.seeds import derived_seed
from kdnas.workers import guarded

OnTrial = Callable[[Birth, Finished], None]

HOPELESS = 8
"""When so many trials are done and all have failed, the run stops: no student is the cause."""

KILLED_IN_A_ROW = 3
"""When the workers of so many trials in a row died, the run pauses: it is the machine."""


class Record:
    """Keeps an archive and a search together.

    Everything that was asked for is a trial; the n-th, from 0, has the number n.

    Args:
        archive: Where everything is recorded.
        progress: Called with every trial and its result, new or recorded.
        seed: The run's; each training has its own from it.
        objectives: What has to be a finite number for a student to count as evaluated.
        method: How students are taught.
        timeouts_count: Whether a timeout is a result; else it pauses the run.
    """

    def __init__(
        self,
        archive: Archive,
        progress: OnTrial,
        seed: int,
        objectives: Sequence[Metric],
        *,
        method: str,
        timeouts_count: bool,
    ) -> None:
        self._archive, self._progress, self._seed = archive, progress, seed
        self._objectives, self._method = objectives, method
        self._timeouts_count = timeouts_count
        rows = archive.rows()
        self._recorded: dict[int, Trial] = {t.trial: t for row in rows for t in row.trials}
        self._proposed = {n: birth for row in rows for n, birth in births_of(row).items()}
        self._events = archive.events()
        self._told = {trial for kind, trial in self._events if kind == "tell"}
        self._students: list[Birth] = []
        self._replicates: Counter[tuple[int, float]] = Counter()
        self._births: dict[int, Birth] = {}
        self._killed: list[int] = []
        self._failures, self._evaluated = list[Failure](), 0

    def events(self) -> list[tuple[str, int]]:
        """What was recorded before this run began."""
        return self._events

    def ask(self, asked: Sequence[Proposal | Again], first: int) -> list[int]:
        """Return the trials of what was asked for, numbered from `first`.

        Raises:
            UserError: Another thing is recorded at one of these numbers.
        """
        births = {n: self._birth(one) for n, one in enumerate(asked, first)}
        for trial, birth in births.items():
            if self._proposed.get(trial, birth) != birth:
                raise self.not_repeatable(trial)
        self._births |= births
        new = [birth for trial, birth in births.items() if trial not in self._recorded]
        if new:
            self._archive.ask(new, self._method)
        return list(births)

    def job(self, trial: int) -> Job:
        """Return what a worker needs for a trial."""
        asked = self._births[trial]
        return Job(
            asked.birth,
            asked.architecture,
            asked.seed,
            replicate=asked.replicate,
            fidelity=asked.fidelity,
        )

    def trial(self, job: Job) -> int:
        """Return the number of the outstanding trial that a job belongs to."""
        identity = (job.birth, job.replicate, job.fidelity)
        for trial, b in self._births.items():
            if (b.birth, b.replicate, b.fidelity) == identity:
                return trial
        raise LookupError(f"{job} was never asked for")

    def known(self, trial: int) -> Evaluation | Failure | None:
        """Return the recorded result of a trial, if it has one; it is told as progress."""
        recorded = self._recorded.get(trial)
        result = (recorded.evaluation or recorded.failure) if recorded else None
        if result:
            self._note(trial, Finished(self.job(trial), result), result)
        return result

    def finish(self, done: Finished, *, told: bool = False) -> tuple[int, Evaluation | Failure]:
        """Record what a worker gave, and, in the same transaction, that it was told.

        Returns:
            The trial and its result.

        Raises:
            UserError: The run has to pause or has no hope.
        """
        done = self._judged(done)
        result, trial = done.result, self.trial(done.job)
        assert not isinstance(result, Report), f"{done.job} came back as a report"
        self._require_worth(trial, result)
        self._archive.finish(done, told=told)
        self._note(trial, done, result)
        return trial, result

    def tell(self, trials: Sequence[int]) -> None:
        """Record that the results of `trials` were told."""
        new = [trial for trial in trials if trial not in self._told]
        if new:
            self._archive.tell(new)

    def close(self, asked: int) -> None:
        """Refuse, at the end, a run without any student, or shorter than what is recorded of it."""
        if asked == 0:
            raise UserError(
                "no student of the space keeps to constraints.max_parameters and"
                " constraints.max_flops; raise them"
            )
        if len(self._recorded) > asked:
            raise self.not_repeatable(asked)
        self._require_hope(least=1)

    def not_repeatable(self, trial: int) -> UserError:
        """The error of a replay that has left the recorded way."""
        versions = self._archive.meta("versions")
        return UserError(
            f"the run cannot be repeated from trial {trial} on: it was recorded with {versions};"
            " go on with the same settings and versions, or start a new run"
        )

    def _judged(self, done: Finished) -> Finished:
        """An evaluation with the values of added metrics, or with the failure to have any."""
        evaluation = done.result
        if not isinstance(evaluation, Evaluation):
            return done
        result = guarded(lambda _: with_values(evaluation, self._objectives), done.job)
        return replace(done, result=result)

    def _birth(self, asked: Proposal | Again) -> Birth:
        """The next trial: of a new student, or one more of a student that is there."""
        if isinstance(asked, Proposal):
            student = Birth(
                len(self._students), asked.architecture, asked.operation, asked.parents, seed=0
            )
            self._students.append(student)
            fidelity = 1.0
        else:
            student, fidelity = self._students[asked.birth], asked.fidelity
        replicate = self._replicates[student.birth, fidelity]
        self._replicates[student.birth, fidelity] += 1
        seed = derived_seed(self._seed, student.architecture.key, replicate)
        return replace(student, seed=seed, replicate=replicate, fidelity=fidelity)

    def _require_worth(self, trial: int, result: Evaluation | Failure) -> None:
        """Pause before something is recorded that says nothing of the student."""
        kind = result.kind if isinstance(result, Failure) else None
        if kind == "timeout" and not self._timeouts_count:
            assert isinstance(result, Failure)
            raise UserError(
                f"trial {trial}: {result.message}; the run pauses, since another machine could"
                " be faster: --resume with a larger workers.timeout, or with"
                " workers.timeout_is_result=true to count it as failed"
            )
        self._killed = [*self._killed, trial] if kind == "killed" else []
        if len(self._killed) == KILLED_IN_A_ROW:
            self._archive.reopen(self._killed[:-1])
            assert isinstance(result, Failure)
            raise UserError(
                f"the workers of {KILLED_IN_A_ROW} trials in a row died ({result.message}); the"
                " run pauses: look for memory or the machine, then go on with --resume"
            )

    def _note(self, trial: int, done: Finished, result: Evaluation | Failure) -> None:
        self._evaluated += 1
        if isinstance(result, Failure):
            self._failures.append(result)
        self._progress(self._births.pop(trial), done)
        self._require_hope(HOPELESS)

    def _require_hope(self, least: int) -> None:
        if len(self._failures) == self._evaluated >= least:
            raise UserError(
                f"all of the first {self._evaluated} trials failed"
                f" ({described(self._failures[0])}); mend the cause and start a new run"
            )


def described(failure: Failure) -> str:
    """A failure in a few words."""
    return f"{failure.kind}: {failure.message}"

"""A run as it is recorded: a replay is compared with it, and adds what is missing."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from kdnas.algorithms import Proposal
from kdnas.archive import Archive, Birth, birth_of
from kdnas.errors import UserError
from kdnas.metrics import Metric, with_values
from kdnas.records import Evaluation, Failure, Finished, Job, Report, Result
from kdnas.seeds import derived_seed
from kdnas.workers import guarded

Progress = Callable[[Birth, Result], None]

HOPELESS = 8
"""When so many students are done and all have failed, the run stops: they are not the cause."""

KILLED_IN_A_ROW = 3
"""When the workers of so many students in a row died, the run pauses: it is the machine."""


class Record:
    """Keeps an archive and a search together.

    Args:
        archive: Where everything is recorded.
        progress: Called with every student and its result, new or recorded.
        seed: The run's; each training has its own from it.
        objectives: What has to be a finite number for a student to count as evaluated.
        timeouts_count: Whether a timeout is a result; else it pauses the run.
    """

    def __init__(
        self,
        archive: Archive,
        progress: Progress,
        seed: int,
        objectives: Sequence[Metric],
        *,
        timeouts_count: bool,
    ) -> None:
        self._archive, self._progress, self._seed = archive, progress, seed
        self._objectives, self._timeouts_count = objectives, timeouts_count
        self._rows = {row.birth: row for row in archive.rows()}
        self._events = archive.events()
        self._told = {birth for kind, birth in self._events if kind == "tell"}
        self._births: dict[int, Birth] = {}
        self._killed: list[int] = []
        self._failures, self._evaluated = list[Failure](), 0

    def events(self) -> list[tuple[str, int]]:
        """What was recorded before this run began."""
        return self._events

    def ask(self, proposals: Sequence[Proposal], first: int) -> list[Birth]:
        """The births of new proposals, numbered from `first`; recorded ones must be the same."""
        births = [self._birth(n, proposal) for n, proposal in enumerate(proposals, first)]
        for birth in births:
            row = self._rows.get(birth.birth)
            if row is not None and birth_of(row) != birth:
                raise self.not_repeatable(birth.birth)
            self._births[birth.birth] = birth
        new = [birth for birth in births if birth.birth not in self._rows]
        if new:
            self._archive.ask(new)
        return births

    def job(self, birth: int) -> Job:
        """What a worker needs of an asked student."""
        asked = self._births[birth]
        return Job(birth, asked.architecture, asked.seed)

    def known(self, birth: int) -> Evaluation | Failure | None:
        """The recorded result of a student, if it has one; it is told as progress."""
        row = self._rows.get(birth)
        result = (row.evaluation or row.failure) if row else None
        if result:
            self._note(birth, result)
        return result

    def finish(self, done: Finished, *, told: bool = False) -> Evaluation | Failure:
        """Record what a worker gave, and, in the same transaction, that it was told.

        Raises:
            UserError: The run has to pause or has no hope.
        """
        done = self._judged(done)
        result, birth = done.result, done.job.birth
        assert not isinstance(result, Report), f"{done.job} came back as a report"
        self._require_worth(birth, result)
        self._archive.finish(done, told=told)
        self._note(birth, result)
        return result

    def tell(self, births: Sequence[int]) -> None:
        """Record that the results of `births` were told."""
        new = [birth for birth in births if birth not in self._told]
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
            raise self.not_repeatable(asked)
        self._require_hope(least=1)

    def not_repeatable(self, birth: int) -> UserError:
        """The replay left the recorded way."""
        versions = self._archive.meta("versions")
        return UserError(
            f"the run cannot be repeated from birth {birth} on: it was recorded with {versions};"
            " go on with the same settings and versions, or start a new run"
        )

    def _judged(self, done: Finished) -> Finished:
        """An evaluation with the values of added metrics, or with the failure to have any."""
        evaluation = done.result
        if not isinstance(evaluation, Evaluation):
            return done
        result = guarded(lambda _: with_values(evaluation, self._objectives), done.job)
        return replace(done, result=result)

    def _birth(self, number: int, proposal: Proposal) -> Birth:
        arch = proposal.architecture
        training_seed = derived_seed(self._seed, arch.key, 0)
        return Birth(number, arch, proposal.operation, proposal.parents, training_seed)

    def _require_worth(self, birth: int, result: Evaluation | Failure) -> None:
        """Pause before something is recorded that says nothing of the student."""
        kind = result.kind if isinstance(result, Failure) else None
        if kind == "timeout" and not self._timeouts_count:
            assert isinstance(result, Failure)
            raise UserError(
                f"student {birth}: {result.message}; the run pauses, since another machine could"
                " be faster: --resume with a larger workers.timeout, or with"
                " workers.timeout_is_result=true to count it as failed"
            )
        self._killed = [*self._killed, birth] if kind == "killed" else []
        if len(self._killed) == KILLED_IN_A_ROW:
            self._archive.reopen(self._killed[:-1])
            assert isinstance(result, Failure)
            raise UserError(
                f"the workers of {KILLED_IN_A_ROW} students in a row died ({result.message}); the"
                " run pauses: look for memory or the machine, then go on with --resume"
            )

    def _note(self, birth: int, result: Evaluation | Failure) -> None:
        self._evaluated += 1
        if isinstance(result, Failure):
            self._failures.append(result)
        self._progress(self._births.pop(birth), result)
        self._require_hope(HOPELESS)

    def _require_hope(self, least: int) -> None:
        if len(self._failures) == self._evaluated >= least:
            raise UserError(
                f"all of the first {self._evaluated} students failed"
                f" ({described(self._failures[0])}); mend the cause and start a new run"
            )


def described(failure: Failure) -> str:
    """A failure in a few words."""
    return f"{failure.kind}: {failure.message}"

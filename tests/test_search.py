"""The search loop on the toy problem: what is recorded, resuming at every cut, and what stops it.

All parts are the real ones; only the students are in closed form.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from evaluators import make
from toy_runs import ALGORITHMS, drive, evaluated, toy_algorithm, toy_settings

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.loop import HOPELESS, report_front, run_search
from kdnas.problems import TOY_SPACE, describe_toy, toy_evaluate
from kdnas.records import Evaluate, Evaluation, EvaluationFailed, Failure, Finished, Job, Report
from kdnas.runs import FILE_NAME, Archive, Birth, Row, RunFolder, open_run
from kdnas.seeds import derived_seed
from kdnas.workers import Inline, Processes, Workers

FLOOR = 0.75


def toy_config(algorithm: str = "nsga2", **values: object) -> Config:
    defaults = {"evaluations": 26, "population": 10}
    return Config(space=TOY_SPACE, search=toy_settings(algorithm, **{**defaults, **values}))


def sometimes_failing(job: Job) -> Evaluation | Report:
    """The toy evaluation; every fifth student fails, by its own nature."""
    if job.seed % 5 == 0:
        raise EvaluationFailed("non_finite", "the loss is nan")
    return toy_evaluate(job)


def ignore(birth: Birth, done: Finished) -> None:
    """No progress is shown."""


def search(
    config: Config,
    archive: Archive,
    evaluate: Evaluate = sometimes_failing,
    *,
    workers: Workers | None = None,
    progress: Callable[[Birth, Finished], None] = ignore,
    accept: Callable[[object], bool] = lambda arch: True,
) -> str:
    describe_toy(archive)
    with workers or Inline(evaluate) as used:
        return run_search(config, archive, used, floor=FLOOR, accept=accept, progress=progress)


def new(folder: Path, name: str = "run") -> Archive:
    return Archive.create(folder / name / FILE_NAME, synchronous="OFF")


def content(archive: Archive) -> tuple[list[Row], list[tuple[str, int]]]:
    """All but the times."""
    rows = [
        replace(row, seconds=0.0, trials=tuple(replace(t, seconds=0.0) for t in row.trials))
        for row in archive.rows()
    ]
    return rows, archive.events()


def in_archive(result: Evaluation | Failure) -> Evaluation | Failure:
    """A result as a row has it."""
    return result if isinstance(result, Failure) else replace(result, texts=(), predictions=())


def whole(
    config: Config, folder: Path, name: str = "whole", evaluate: Evaluate = sometimes_failing
) -> tuple:
    """The content of the archive of an uninterrupted run."""
    with new(folder, name) as archive:
        search(config, archive, evaluate)
        return content(archive)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_archive_holds_what_the_algorithm_did(algorithm, tmp_path):
    config = toy_config(algorithm)

    def evaluate(job: Job) -> Evaluation | Failure:
        seed = derived_seed(config.search.seed, job.architecture.key, 0)
        if seed % 5 == 0:
            return Failure("non_finite", "the loss is nan")
        return evaluated(job)

    steps = drive(toy_algorithm(config.search, floor=FLOOR), 26, evaluate)
    rows, events = whole(config, tmp_path)
    for birth, (row, (proposal, result)) in enumerate(zip(rows, steps, strict=True)):
        assert (row.birth, row.architecture) == (birth, proposal.architecture)
        assert (row.operation, row.parents) == (proposal.operation, proposal.parents)
        assert row.seed == derived_seed(config.search.seed, row.key, 0)
        assert (row.evaluation or row.failure) == in_archive(result)
    assert {row.status for row in rows} == {"ok", "failed"}
    for kind in ("ask", "tell"):
        assert [birth for k, birth in events if k == kind] == list(range(26))
    asked = told = 0  # a batch is told before the next one is asked for
    for kind, _ in events:
        asked, told = asked + (kind == "ask"), told + (kind == "tell")
        assert asked - told <= 10


class Cut(Exception):
    """The run is killed."""


class CutArchive(Archive):
    """An archive whose run is killed before or after its n-th write."""

    def cut(self, writes: int, *, before: bool) -> "CutArchive":
        self._left, self._before = writes, before
        return self

    def _write(self, write: Callable[..., None], *values: object) -> None:
        self._left -= 1
        if self._left < 0 and self._before:
            raise Cut
        write(*values)
        if self._left < 0:
            raise Cut

    def ask(self, births, method=""):
        self._write(super().ask, births, method)

    def finish(self, done, *, told=False):
        self._write(partial(super().finish, told=told), done)

    def tell(self, births):
        self._write(super().tell, births)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("before", [True, False])
def test_a_run_cut_anywhere_resumes_to_the_same_archive(algorithm, before, tmp_path):
    """Killed right before or right after each of its writes, in turn, until it gets to its end."""
    config = toy_config(algorithm, evaluations=12, population=6, batch=3)
    expected = whole(config, tmp_path)
    evaluated_births: list[int] = []
    told_births: list[int] = []

    def noting(job: Job) -> Evaluation | Report:
        evaluated_births.append(job.birth)
        return sometimes_failing(job)

    def progress(birth: Birth, done: Finished) -> None:
        told_births.append(birth.birth)

    writes = 12 + 2 * (4 if algorithm.startswith("random") else 3)
    for cut in range(writes):
        path = tmp_path / str(cut) / FILE_NAME
        evaluated_births.clear()
        with CutArchive.create(path, synchronous="OFF") as archive, pytest.raises(Cut):
            search(config, archive.cut(cut, before=before), noting)
        told_births.clear()
        with Archive.open(path) as archive:
            finished = sum(row.status != "pending" for row in archive.rows())
            assert search(config, archive, noting, progress=progress) == "budget"
            assert content(archive) == expected
        assert told_births == list(range(12))
        again = [b for b in set(evaluated_births) if evaluated_births.count(b) > 1]
        assert again in ([], [finished])  # only what was lost is evaluated again
        assert before or not again
    with CutArchive.create(tmp_path / "end" / FILE_NAME, synchronous="OFF") as archive:
        search(config, archive.cut(writes, before=before))


def test_every_trial_says_how_its_student_is_taught(tmp_path):
    config = toy_config()
    distill = config.distill.model_copy(update={"method": "mine"})
    with new(tmp_path) as archive:
        search(config.model_copy(update={"distill": distill}), archive)
        found = list(map(tuple, archive.query("SELECT method, count(*) FROM trials GROUP BY 1")))
    assert found == [("mine", config.search.evaluations)]


def test_a_finished_run_is_replayed_without_an_evaluation(tmp_path):
    config = toy_config()
    expected = whole(config, tmp_path)

    def never(job: Job) -> Evaluation:
        raise AssertionError("evaluated again")

    with Archive.open(tmp_path / "whole" / FILE_NAME) as archive:
        assert search(config, archive, never) == "budget"
        assert content(archive) == expected


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("algorithm", ["tournament", "nsga2"])
def test_processes_give_the_same_archive(algorithm, jobs, tmp_path):
    config = toy_config(algorithm)
    with new(tmp_path) as archive:
        search(config, archive, workers=Processes(partial(make, sometimes_failing), jobs))
        assert content(archive) == whole(config, tmp_path)


class Backwards(Inline):
    """Workers whose results come in the opposite order."""

    def next(self):
        self._waiting.rotate(1)
        return super().next()


def test_the_order_of_results_does_not_matter(tmp_path):
    config = toy_config("tournament")
    with new(tmp_path) as archive:
        search(config, archive, workers=Backwards(sometimes_failing))
        assert content(archive) == whole(config, tmp_path)


def test_another_seed_is_another_run(tmp_path):
    first, second = (whole(toy_config(seed=seed), tmp_path, f"seed{seed}") for seed in (0, 1))
    assert first[0] != second[0]


@pytest.mark.parametrize("changed", [{"seed": 5}, {"crossover": 0.1}, {"batch": 3}])
def test_a_run_that_cannot_be_repeated_is_refused(changed, tmp_path):
    whole(toy_config(), tmp_path)
    with Archive.open(tmp_path / "whole" / FILE_NAME) as archive:
        archive.set_meta(versions={"numpy": "0.1"})
        before = content(archive)
        trial = 0 if "seed" in changed else r"\d+"
        message = rf"from trial {trial} on.*'numpy': '0.1'.*start a new run"
        with pytest.raises(UserError, match=message):
            search(toy_config(**changed), archive)
        assert content(archive) == before


@pytest.mark.parametrize(
    ("column", "value"), [("operation", "magic"), ("parents", "[0]"), ("seed", 1)]
)
def test_everything_about_a_birth_is_compared(column, value, tmp_path):
    config = toy_config()
    whole(config, tmp_path)
    path = tmp_path / "whole" / FILE_NAME
    with sqlite3.connect(path) as connection:
        table = "trials" if column == "seed" else "students"
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE birth = 4", (value,))
    connection.close()
    with Archive.open(path) as archive, pytest.raises(UserError, match="from trial 4 on"):
        search(config, archive)


def test_an_archive_of_a_longer_run_is_refused(tmp_path):
    whole(toy_config(evaluations=26), tmp_path)
    with (
        Archive.open(tmp_path / "whole" / FILE_NAME) as archive,
        pytest.raises(UserError, match="from trial 18 on"),
    ):
        search(toy_config(evaluations=18), archive)


@pytest.mark.parametrize(("seed", "resume"), [(0, False), (1, True)])
def test_a_run_that_is_refused_is_closed(seed, resume, tmp_path):
    """The error is held here, as a command line holds it; no log stays beside the archive."""
    with open_run(RunFolder(tmp_path), toy_config(), resume=False) as archive:
        search(toy_config(), archive)
    with pytest.raises(UserError) as held:
        open_run(RunFolder(tmp_path), toy_config(seed=seed), resume=resume)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]
    assert held.value


def test_why_a_search_ends(tmp_path):
    known = {row.key for row in whole(toy_config(), tmp_path)[0]}
    with new(tmp_path, "budget") as archive:
        assert search(toy_config(evaluations=11), archive) == "budget"
        assert len(archive.rows()) == 11
    with new(tmp_path, "patience") as archive:
        assert search(toy_config("tournament", patience=3), archive) == "patience"
        assert 12 < len(archive.rows()) < 26
    with new(tmp_path, "exhausted") as archive:
        config = toy_config(evaluations=1000)
        assert search(config, archive, accept=lambda a: a.key in known) == "exhausted"
        assert 1 <= len(archive.rows()) <= len(known)


def test_progress_is_told_of_every_student_once(tmp_path):
    told: list[tuple[int, str]] = []

    def progress(birth: Birth, done: Finished) -> None:
        told.append((birth.birth, "failed" if isinstance(done.result, Failure) else "ok"))

    with new(tmp_path) as archive:
        search(toy_config(), archive, progress=progress)
        assert told == [(row.birth, row.status) for row in archive.rows()]


def test_a_student_is_recorded_before_the_next_one_is_evaluated(tmp_path):
    with new(tmp_path) as archive:

        def evaluate(job: Job) -> Evaluation | Report:
            status = {row.birth: row.status for row in archive.rows()}
            assert status[job.birth] == "pending"
            assert all(status[birth] == "ok" for birth in range(job.birth))
            return toy_evaluate(job)

        search(toy_config(), archive, evaluate)
        assert {row.status for row in archive.rows()} == {"ok"}


def failing_from(first: int) -> Evaluate:
    def evaluate(job: Job) -> Evaluation | Report:
        if job.birth >= first:
            raise FileNotFoundError("no vectors")
        return toy_evaluate(job)

    return evaluate


def test_a_run_whose_first_students_all_fail_stops(tmp_path):
    message = (
        r"all of the first 8 trials failed \(exception: FileNotFoundError: no vectors\); "
        "mend the cause and start a new run"
    )
    with new(tmp_path) as archive:
        for _ in range(2):  # at once again when it is resumed
            with pytest.raises(UserError, match=message):
                search(toy_config(), archive, failing_from(0))
            statuses = [row.status for row in archive.rows()]
            assert statuses == ["failed"] * HOPELESS + ["pending"] * 2


def test_one_student_is_hope_enough(tmp_path):
    with new(tmp_path) as archive:
        assert search(toy_config(), archive, failing_from(1)) == "budget"


def test_a_short_run_without_any_student_has_failed_too(tmp_path):
    with new(tmp_path) as archive, pytest.raises(UserError, match="first 3 trials failed"):
        search(toy_config(evaluations=3), archive, failing_from(0))


def test_a_mistake_of_the_user_passes_through(tmp_path):
    def evaluate(job: Job) -> Evaluation:
        raise UserError("no such task")

    with new(tmp_path) as archive, pytest.raises(UserError, match=r"^no such task$"):
        search(toy_config(), archive, evaluate)


def test_limits_that_nothing_meets_are_named(tmp_path):
    with new(tmp_path) as archive:
        with pytest.raises(UserError, match=r"constraints\.max_parameters"):
            search(toy_config(), archive, accept=lambda arch: False)
        assert archive.rows() == []


def test_the_front_is_reported_on_once(tmp_path):
    jobs: list[Job] = []

    def evaluate(job: Job) -> Evaluation | Report:
        jobs.append(job)
        return toy_evaluate(job)

    seen: list[tuple[Birth, Finished]] = []

    def report(rows: list[Row]) -> None:
        report_front(rows, archive, Inline(evaluate), lambda b, r: seen.append((b, r)))

    with new(tmp_path) as archive:
        search(toy_config(), archive, toy_evaluate)
        rows = archive.rows()
        report([rows[3], rows[7]])
        report([archive.rows()[i] for i in (3, 5, 7)])
        after = archive.rows()
    assert [(j.birth, j.stage) for j in jobs] == [(b, "report") for b in (3, 7, 5)]
    assert all(job.seed == rows[job.birth].seed for job in jobs)
    assert [birth.birth for birth, _ in seen] == [3, 7, 5]
    for birth, row in enumerate(after):
        # The toy measures the same on both splits.
        assert row.report == (row.evaluation.search if birth in (3, 5, 7) else None)


def test_a_report_that_fails_does_not_lose_the_others(tmp_path):
    def evaluate(job: Job) -> Evaluation | Report:
        if job.birth == 3:
            raise MemoryError("4 GB")
        return toy_evaluate(job)

    with new(tmp_path) as archive:
        search(toy_config(), archive, toy_evaluate)
        message = r"1 of 3 students could not be .* \(oom: MemoryError: 4 GB\).*--resume"
        with pytest.raises(UserError, match=message):
            report_front(archive.rows()[2:5], archive, Inline(evaluate), ignore)
        reported = [row.birth for row in archive.rows() if row.report]
        assert reported == [2, 4]
        report_front(archive.rows()[2:5], archive, Inline(toy_evaluate), ignore)
        assert archive.rows()[3].report

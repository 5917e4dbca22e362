"""The asynchronous search: what it records, how it resumes, and that it searches as well."""

import random
from collections import Counter
from pathlib import Path

import pytest
from test_search import (
    FLOOR,
    Cut,
    CutArchive,
    content,
    ignore,
    new,
    sometimes_failing,
    toy_config,
)
from toy_runs import ALGORITHMS

from kdnas.errors import UserError
from kdnas.loop import run_search
from kdnas.metrics import fitness
from kdnas.problems import TOY_BEST_FITNESS, describe_toy, toy_evaluate, toy_front
from kdnas.records import Evaluation, Finished, Job
from kdnas.runs import FILE_NAME, Archive
from kdnas.workers import Inline


class Shuffled(Inline):
    """Some workers, of which any may be done next."""

    def __init__(self, evaluate, slots: int, seed: int) -> None:
        super().__init__(evaluate)
        self.slots, self._random = slots, random.Random(seed)
        self.jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        super().submit(job)
        self.jobs.append(job)
        assert len(self._waiting) <= self.slots

    def next(self) -> Finished:
        self._waiting.rotate(self._random.randrange(len(self._waiting)))
        return super().next()


def steady(algorithm: str, **values: object):
    return toy_config(algorithm, asynchronous=True, **values)


def search(config, archive, slots=3, seed=0, evaluate=sometimes_failing) -> Shuffled:
    describe_toy(archive)
    with Shuffled(evaluate, slots, seed) as workers:
        run_search(config, archive, workers, floor=FLOOR, accept=lambda arch: True, progress=ignore)
    return workers


@pytest.mark.parametrize("algorithm", ALGORITHMS)
class TestContract:
    """What every algorithm keeps to without generations."""

    @pytest.mark.parametrize("slots", [1, 3, 40])
    def test_every_student_is_asked_told_and_evaluated_once(self, algorithm, slots, tmp_path):
        config = steady(algorithm, evaluations=60)
        with new(tmp_path) as archive:
            workers = search(config, archive, slots)
            rows, events = content(archive)
        assert [row.birth for row in rows] == list(range(60))
        assert len({row.key for row in rows}) == 60
        assert Counter(events) == Counter((kind, b) for kind in ("ask", "tell") for b in range(60))
        assert all(events.index(("ask", b)) < events.index(("tell", b)) for b in range(60))
        assert [job.birth for job in workers.jobs] == list(range(60))

    def test_as_many_are_outstanding_as_there_are_workers(self, algorithm, tmp_path):
        with new(tmp_path) as archive:
            search(steady(algorithm, evaluations=60), archive, slots=7)
            events = archive.events()
        outstanding, most = 0, []
        for kind, _ in events:
            outstanding += 1 if kind == "ask" else -1
            most.append(outstanding)
        assert max(most) == 7
        assert all(count >= 6 for count in most[7:-8])

    @pytest.mark.parametrize("slots", [1, 4])
    def test_a_run_cut_anywhere_goes_on_where_it_was(self, algorithm, slots, tmp_path):
        """With one worker to the very archive of an uninterrupted run, else along what it holds."""
        config = steady(algorithm, evaluations=12, population=5)
        with new(tmp_path, "whole") as archive:
            search(config, archive, slots)
            whole = content(archive)
        for cut in range(24):
            for before in (True, False):
                path = tmp_path / f"{cut}-{before}" / FILE_NAME
                with (
                    CutArchive.create(path, synchronous="OFF") as archive,
                    pytest.raises(Cut),
                ):
                    search(config, archive.cut(cut, before=before), slots, seed=cut)
                with Archive.open(path) as archive:
                    rows, events = content(archive)
                    done = [row for row in rows if row.status != "pending"]
                    again = search(config, archive, slots, seed=cut).jobs
                    after = content(archive)
                assert after[1][: len(events)] == events
                assert [row for row in after[0] if row.birth in {r.birth for r in done}] == done
                assert {job.birth for job in again} == set(range(12)) - {r.birth for r in done}
                if slots == 1:
                    assert after == whole

    def test_a_changed_record_is_refused(self, algorithm, tmp_path):
        config = steady(algorithm, evaluations=20)
        with new(tmp_path) as archive:
            search(config, archive)
            archive._db.execute("UPDATE students SET operation = 'x' WHERE birth = 13")
            with pytest.raises(UserError, match="cannot be repeated from trial 13"):
                search(config, archive)

    def test_nothing_is_evaluated_again_in_a_finished_run(self, algorithm, tmp_path):
        config = steady(algorithm, evaluations=20)
        with new(tmp_path) as archive:
            search(config, archive)
            before = content(archive)
            assert search(config, archive).jobs == []
            assert content(archive) == before


def found_by(algorithm: str, slots: int, seed: int, tmp_path: Path) -> list[Evaluation]:
    """What 400 evaluations of the toy problem give."""
    config = steady(algorithm, evaluations=400, population=20, seed=seed)
    with new(tmp_path) as archive:
        search(config, archive, slots, seed, toy_evaluate)
        return [row.evaluation for row in archive.rows() if row.evaluation]


@pytest.mark.parametrize("slots", [1, 8])
@pytest.mark.parametrize("seed", range(5))
def test_nsga2_finds_the_front_without_generations(seed, slots, tmp_path):
    evaluated = found_by("nsga2", slots, seed, tmp_path)
    found = {(e.search.accuracy, e.search.robustness, e.parameters) for e in evaluated}
    assert len(toy_front() - found) <= 1


@pytest.mark.parametrize("slots", [1, 8])
@pytest.mark.parametrize("seed", range(5))
def test_the_tournament_finds_the_best_fitness_without_generations(seed, slots, tmp_path):
    weights = steady("tournament").fitness
    best = max(fitness(e, weights) for e in found_by("tournament", slots, seed, tmp_path))
    assert best == pytest.approx(TOY_BEST_FITNESS, abs=0.01)


def test_patience_and_failures_count_asynchronously_too(tmp_path):
    config = steady("tournament", evaluations=500, patience=30)
    with new(tmp_path) as archive, Shuffled(sometimes_failing, 4, 0) as workers:
        describe_toy(archive)
        reason = run_search(
            config, archive, workers, floor=FLOOR, accept=lambda arch: True, progress=ignore
        )
        rows = archive.rows()
    assert reason == "patience"
    assert 30 < len(rows) < 500
    assert all(row.status != "pending" for row in rows)  # who was out is waited for

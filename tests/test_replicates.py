"""Several trainings of each student: asked for, told, recorded, and resumed."""

from dataclasses import replace
from pathlib import Path

import pytest
from test_search import Cut, CutArchive, content, ignore, new
from toy_runs import ALGORITHMS, toy_settings

from kdnas.algorithms import Again, Proposal, Replicated, make_algorithm
from kdnas.config import Config
from kdnas.loop import report_front, run_search
from kdnas.metrics import PAPER_WEIGHTS
from kdnas.problems import TOY_SPACE, describe_toy, toy_evaluate
from kdnas.records import Evaluation, EvaluationFailed, Failure, Job, Report, pooled
from kdnas.runs import FILE_NAME, Archive
from kdnas.seeds import derived_seed
from kdnas.workers import Inline

REPLICATES = 3


def config(algorithm: str, **values: object) -> Config:
    sizes = {"evaluations": 12, "population": 6, "batch": 3, "replicates": REPLICATES}
    return Config(space=TOY_SPACE, search=toy_settings(algorithm, **sizes | values))


def noisy(job: Job) -> Evaluation | Report:
    """A toy student whose accuracy goes with the seed; some trainings fail."""
    if job.seed % 3 == 0:
        raise EvaluationFailed("non_finite", "the loss is nan")
    result = toy_evaluate(job)
    if isinstance(result, Report):
        return result
    (first, second), (zeros, ones) = result.search.correct, result.search.predicted
    places = [i for i, guess in enumerate(result.predictions) if i % 2 == guess == 0]
    lost = set(places[len(places) - job.seed % 7 :])  # none of the attacked texts
    measured = replace(
        result.search,
        correct=(first - len(lost), second),
        predicted=(zeros - len(lost), ones + len(lost)),
    )
    predictions = tuple(1 if i in lost else guess for i, guess in enumerate(result.predictions))
    return replace(result, search=measured, predictions=predictions)


def search(chosen: Config, archive: Archive) -> str:
    describe_toy(archive)
    return run_search(
        chosen, archive, Inline(noisy), floor=0.0, accept=lambda arch: True, progress=ignore
    )


def test_all_trials_of_a_student_are_asked_for_and_told_as_one():
    plain = make_algorithm(
        toy_settings("tournament"), TOY_SPACE, PAPER_WEIGHTS, 0.0, lambda _: True
    )
    told: list[dict[int, object]] = []

    class Listening:
        finished = None

        def ask(self, most):
            return plain.ask(most)

        def tell(self, results):
            told.append(dict(results))

    both = Replicated(Listening(), 2)
    asked = both.ask(4)
    assert [type(one) for one in asked] == [Proposal, Again, Proposal, Again]
    assert [one.birth for one in asked if isinstance(one, Again)] == [0, 1]
    evaluations = [toy_evaluate(Job(0, asked[i].architecture, 0)) for i in (0, 2)]
    failure = Failure("oom", "?")
    both.tell({0: evaluations[0], 2: evaluations[1]})
    assert told == [], "one trial of each is missing"
    both.tell({3: failure, 1: evaluations[0]})
    assert told == [{1: evaluations[1], 0: pooled([evaluations[0]] * 2)}]
    assert [one.birth for one in both.ask(2) if isinstance(one, Again)] == [2]
    both.tell({4: failure, 5: Failure("timeout", "60 s")})
    assert told[1] == {2: failure}


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_student_is_trained_from_seeds_of_its_own(algorithm, asynchronous, tmp_path):
    chosen = config(algorithm, asynchronous=asynchronous)
    with new(tmp_path) as archive:
        assert search(chosen, archive) == "budget"
        rows = archive.rows()
        assert len(rows) == chosen.search.evaluations
        for row in rows:
            seeds = [derived_seed(chosen.search.seed, row.key, i) for i in range(REPLICATES)]
            assert [trial.seed for trial in row.trials] == seeds
            assert [trial.replicate for trial in row.trials] == list(range(REPLICATES))
            known = [trial.evaluation for trial in row.trials if trial.evaluation]
            assert row.evaluation == (pooled(known) if known else None)
        assert any(row.evaluation and any(t.failure for t in row.trials) for row in rows)


def test_the_first_trial_is_the_one_of_a_search_without_replicates(tmp_path):
    """Random students do not depend on results, so they are the same ones."""
    with new(tmp_path, "one") as single, new(tmp_path, "three") as several:
        search(config("random_edits", replicates=1), single)
        search(config("random_edits"), several)
        for one, three in zip(single.rows(), several.rows(), strict=True):
            assert (one.key, one.seed) == (three.key, three.trials[0].seed)
            assert one.trials[0].evaluation == three.trials[0].evaluation


def test_the_chosen_trial_is_reported_on(tmp_path):
    jobs: list[Job] = []

    def evaluate(job: Job) -> Evaluation | Report:
        jobs.append(job)
        return toy_evaluate(job)

    with new(tmp_path) as archive:
        search(config("nsga2"), archive)
        rows = [row for row in archive.rows() if row.evaluation]
        report_front(rows, archive, Inline(evaluate), ignore)
        assert [(job.birth, job.replicate) for job in jobs] == [
            (row.birth, row.chosen.replicate) for row in rows
        ]
        assert any(job.replicate for job in jobs), "the first training of some has failed"
        assert all(row.report for row in archive.rows() if row.evaluation)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_run_cut_anywhere_resumes_to_the_same_archive(asynchronous, tmp_path: Path):
    chosen = config("nsga2", evaluations=4, population=4, asynchronous=asynchronous)
    with new(tmp_path, "whole") as archive:
        search(chosen, archive)
        expected = content(archive)
    for cut in range(14):
        path = tmp_path / str(cut) / FILE_NAME
        with CutArchive.create(path, synchronous="OFF") as archive, pytest.raises(Cut):
            search(chosen, archive.cut(cut, before=bool(cut % 2)))
        with Archive.open(path) as archive:
            assert search(chosen, archive) == "budget"
            assert content(archive) == expected

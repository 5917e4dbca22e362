"""Weights that nobody will ask for are deleted: what stays is counted from the whole archive."""

from itertools import pairwise

import pytest
from test_search import FLOOR, toy_config

from kdnas.analysis import pareto_front, picks
from kdnas.evaluation import KeptWeights
from kdnas.evaluation.kept import KEPT_BEST
from kdnas.loop import run_search
from kdnas.metrics import fitness, metrics_of
from kdnas.problems import describe_toy, toy_evaluate
from kdnas.records import Finished
from kdnas.runs import FILE_NAME, Archive, Birth
from kdnas.workers import Inline


def searched(archive, config, after) -> None:
    describe_toy(archive)
    run_search(
        config, archive, Inline(toy_evaluate), floor=FLOOR, accept=lambda arch: True, progress=after
    )


@pytest.fixture
def students(tmp_path):
    folder = tmp_path / "students"
    folder.mkdir()
    return folder


def test_the_front_the_picks_and_the_best_stay_whenever_others_go(tmp_path, students):
    config, counts = toy_config(evaluations=100), []
    objectives = metrics_of(config.search.objectives)
    with Archive.create(tmp_path / FILE_NAME) as archive:
        weights = KeptWeights(config, students, archive, FLOOR)

        def after(birth: Birth, done: Finished) -> None:
            (students / f"{birth.architecture.key}.safetensors").touch()
            before = len(list(students.iterdir()))
            weights.tidy_if_many()
            stay = {path.stem for path in students.iterdir()}
            counts.append(len(stay))
            if len(stay) == before:
                return
            rows = archive.rows()
            front = pareto_front(rows, objectives, FLOOR)
            picked = picks(rows, front, objectives, FLOOR, config.fitness).values()
            known = [(fitness(r.evaluation, config.fitness), r) for r in rows if r.evaluation]
            best = [row for _, row in sorted(known, key=lambda pair: -pair[0])]
            assert stay >= {row.key for row in (*front, *picked, *best[:KEPT_BEST])}

        searched(archive, config, after)
    assert any(other < one for one, other in pairwise(counts))
    assert KEPT_BEST <= counts[-1] <= max(counts) < 90


def test_in_the_end_nothing_else_stays(tmp_path, students):
    config = toy_config(evaluations=60)
    objectives = metrics_of(config.search.objectives)
    with Archive.create(tmp_path / FILE_NAME) as archive:

        def after(birth: Birth, done: Finished) -> None:
            (students / f"{birth.architecture.key}.safetensors").touch()

        searched(archive, config, after)
        KeptWeights(config, students, archive, FLOOR).tidy()
        rows = archive.rows()
    front = pareto_front(rows, objectives, FLOOR)
    picked = picks(rows, front, objectives, FLOOR, config.fitness).values()
    known = sorted((r for r in rows if r.evaluation),
                   key=lambda row: -fitness(row.evaluation, config.fitness))  # fmt: skip
    wanted = {row.key for row in (*front, *picked, *known[:KEPT_BEST])}
    assert {path.stem for path in students.iterdir()} == wanted
    assert len(wanted) < 60


def test_the_archive_is_not_read_for_every_student(tmp_path, students, monkeypatch):
    config, read = toy_config(evaluations=60), []
    with Archive.create(tmp_path / FILE_NAME) as archive:
        weights = KeptWeights(config, students, archive, FLOOR)
        rows = archive.rows

        def after(birth: Birth, done: Finished) -> None:
            (students / f"{birth.architecture.key}.safetensors").touch()
            with monkeypatch.context() as patch:
                patch.setattr(archive, "rows", lambda: read.append(birth) or rows())
                weights.tidy_if_many()

        searched(archive, config, after)
    assert 1 <= len(read) < 20

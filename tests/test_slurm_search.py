"""Searches whose students are evaluated by jobs of a real Slurm, one of which is cancelled."""

import os
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from threading import Thread

import evaluators
import pytest
import test_pipeline
from heavy import tiny_config
from slurm.cluster import slurm_cluster, slurm_environment, slurm_missing
from test_search import FLOOR, content, ignore, new, toy_config, whole

from kdnas.config import SlurmSettings
from kdnas.loop import run_search
from kdnas.problems import describe_toy
from kdnas.workers.cluster import Cluster
from kdnas.workers.connect import connected

MISSING = slurm_missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=f"no Slurm: {MISSING}")
pytest.importorskip("dask_jobqueue", reason="the extra `cluster` is not installed")


@pytest.fixture
def settings(tmp_path, tmp_path_factory, monkeypatch):
    with slurm_cluster(tmp_path_factory.mktemp("slurm"), cpus=2) as conf:
        for name, value in slurm_environment(conf).items():
            monkeypatch.setenv(name, value)
        logs = str(tmp_path / "logs")
        paths = os.pathsep.join(filter(None, sys.path))
        yield SlurmSettings(
            workers=2,
            memory="1GB",
            time="00:30:00",
            interface="lo",
            prologue=(f"export PYTHONPATH={paths}",),
            logs=logs,
        )


def running_jobs() -> list[str]:
    command = ["squeue", "--noheader", "--states=R", "--format=%A"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.split()


def cancel_one(after: float) -> None:
    time.sleep(after)
    subprocess.run(["scancel", running_jobs()[0]], check=True, timeout=10)


def test_real_students_are_the_same_from_the_jobs_of_slurm(settings, tiny_teacher, tmp_path):
    """Distilled and attacked on real reviews."""
    config = tiny_config(tiny_teacher, "search.evaluations=2", "search.population=2")
    spread = config.model_copy(update={"slurm": settings.model_copy(update={"memory": "4GB"})})
    test_pipeline.run(spread, tmp_path / "slurm", cluster="slurm")
    test_pipeline.run(config, tmp_path / "here")
    here, there = (test_pipeline.timeless(tmp_path / name) for name in ("here", "slurm"))
    assert [row.status for row in there[0]] == ["ok", "ok"]
    assert there == here


@pytest.mark.parametrize("asynchronous", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_search_survives_a_cancelled_job(asynchronous, settings, tmp_path):
    config = toy_config("nsga2", evaluations=26, asynchronous=asynchronous)
    make = partial(evaluators.make, partial(evaluators.slow_toy, 0.3))
    with (
        connected("slurm", 0, settings) as client,
        Cluster(client, make) as workers,
        new(tmp_path) as archive,
    ):
        client.wait_for_workers(2, timeout=60)
        describe_toy(archive)
        Thread(target=cancel_one, args=(1.5,), daemon=True).start()
        run_search(config, archive, workers, floor=FLOOR, accept=lambda arch: True, progress=ignore)
        rows, events = content(archive)
        client.wait_for_workers(2, timeout=60)  # the cancelled job has a successor
    assert Counter(row.status for row in rows) == {"ok": 26}
    assert max(row.attempts for row in rows) == 2
    if not asynchronous:
        expected = whole(config, tmp_path, evaluate=evaluators.toy)[0]
        assert [row.evaluation for row in rows] == [row.evaluation for row in expected]
    assert Counter(kind for kind, _ in events) == {"ask": 26, "tell": 26}

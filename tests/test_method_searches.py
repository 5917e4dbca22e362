"""Searches by other methods: stopped and resumed they are the uninterrupted ones."""

from pathlib import Path
from typing import Any

import pytest
from test_pipeline import Counting, run, timeless

from kdnas.config import Config
from kdnas.pipeline import run_pipeline
from kdnas.runs import RunFolder, open_run
from kdnas.runs.status import Status
from kdnas.workers import open_workers

SETTINGS = ("search.evaluations=4", "distill.epochs=3", "teacher.epochs=2")


class Stopped(Exception):
    """As Ctrl-C."""


class Stopping(Counting):
    """Stops a search after its second student."""

    def finished(self, birth: Any, done: Any, status: Status) -> None:
        super().finished(birth, done, status)
        if len(self.finished_births) == 2:
            raise Stopped


LONG = ("takd", "mate", "minimax-knn", "autoskd")


@pytest.mark.parametrize(
    "method", ["annealing", *(pytest.param(name, marks=pytest.mark.long) for name in LONG)]
)
def test_a_stopped_search_is_the_uninterrupted_one(
    method: str, config: Config, tmp_path: Path
) -> None:
    values = config.model_dump(mode="json")
    values["distill"]["method"] = method
    values["distill"]["mate"] |= {"generator_rate": 1e-3, "masked": 0.05}
    values["distill"]["minimax-knn"]["pool"] = 300
    chosen = Config.model_validate(values)
    run(chosen, tmp_path / "whole")
    part = RunFolder(tmp_path / "part")
    with open_run(part, chosen, resume=False) as archive, pytest.raises(Stopped):
        run_pipeline(
            chosen,
            part,
            archive,
            lambda make: open_workers(chosen, part.path, 1, None, make),
            Stopping(),
        )
    resumed = run(chosen, part.path, resume=True)
    assert resumed.finished_births[:4] == [0, 1, 2, 3]
    assert timeless(part.path) == timeless(tmp_path / "whole")

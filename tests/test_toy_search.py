"""The searches find what is known to be there: 20 seeds each on the toy problem."""

from functools import cache
from statistics import median

import moocore
import numpy as np
import pytest
from toy_runs import drive, toy_algorithm, toy_settings, values

from kdnas.metrics import fitness
from kdnas.problems import TOY_BEST_FITNESS, toy_front
from kdnas.records import Evaluation

SEEDS = range(20)
COMPARED = 200
"""Evaluations after which searches are compared: few enough to tell them apart."""


@cache
def run(algorithm: str, seed: int) -> list[Evaluation]:
    """Every evaluation of a search, in order."""
    population, budget = {"nsga2": (24, 400), "tournament": (32, 400)}.get(algorithm, (2, COMPARED))
    settings = toy_settings(algorithm, seed=seed, population=population, batch=8)
    steps = drive(toy_algorithm(settings), budget)
    assert len(steps) == budget
    return [evaluation for _, evaluation in steps]


def hypervolume(evaluations: list[Evaluation]) -> float:
    """Of accuracy, robustness and parameters (millions), against a student of 10 million."""
    costs = np.array([(-a, -r, p / 1e6) for a, r, p in values(evaluations)])
    return moocore.hypervolume(costs, ref=[0.0, 0.0, 10.0])


@pytest.mark.parametrize("seed", SEEDS)
def test_nsga2_finds_the_whole_front(seed):
    assert toy_front() <= set(values(run("nsga2", seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tournament_finds_the_best_fitness(seed):
    best = max(fitness(evaluation) for evaluation in run("tournament", seed))
    assert best == pytest.approx(TOY_BEST_FITNESS, abs=1e-9)


@pytest.mark.parametrize("algorithm", ["random_edits", "random_uniform"])
def test_random_search_finds_less(algorithm):
    """The hypervolume at an equal budget; it finds no whole front and not the best fitness."""
    searched, drawn = (
        [hypervolume(run(name, seed)[:COMPARED]) for seed in SEEDS] for name in ("nsga2", algorithm)
    )
    assert median(drawn) < median(searched)
    assert sum(d < s for d, s in zip(drawn, searched, strict=True)) >= 15
    found = [len(toy_front() & set(values(run(algorithm, seed)))) for seed in SEEDS]
    assert max(found) < 8

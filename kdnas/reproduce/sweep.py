"""What the weights of the fitness do: tournament searches in a table of evaluated students.

Nothing is trained. A child is one of the recorded students that are nearest to its parent in genes
and were not taken before, in the place of an edit that nobody has evaluated; all else is the
tournament of Guo 2021. So the sweep shows what a fitness prefers, not what edits would find.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kdnas.analysis.front import evaluated
from kdnas.metrics import PARAMETERS, Weights, fitness, violation
from kdnas.records import Evaluation
from kdnas.runs import Row
from kdnas.space import distance

NEAREST = 5
"""Recorded students among which a child is drawn."""


@dataclass(frozen=True)
class Setting:
    """One fitness to search with."""

    name: str
    weights: Weights
    floor: float


@dataclass(frozen=True)
class Recorded:
    """Evaluated students and how many genes each two differ in.

    Attributes:
        evaluations: One for each student.
        distances: (students, students).
    """

    evaluations: tuple[Evaluation, ...]
    distances: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Recorded":
        """The evaluated among `rows`, each network once."""
        found = {row.key: (row, e) for row, e in evaluated(rows)}
        forms = [row.architecture.canonical() for row, _ in found.values()]
        differing = np.array([[distance(a, b) for b in forms] for a in forms])
        return cls(tuple(e for _, e in found.values()), differing)

    def __len__(self) -> int:
        return len(self.evaluations)


def settings_of(weights: Weights, floor: float) -> list[Setting]:
    """The fitness of a run, and one change at a time."""
    changes = {
        "as configured": (weights, floor),
        "mu2 = 0": (replace(weights, robustness=0.0), floor),
        "mu3 = 0": (replace(weights, parameters=0.0), floor),
        "mu3 = 4": (replace(weights, parameters=4.0), floor),
        "mu3 = 8": (replace(weights, parameters=8.0), floor),
        "no accuracy floor": (weights, 0.0),
    }
    return [Setting(name, *change) for name, change in changes.items()]


def search_recorded(
    table: Recorded, setting: Setting, population: int, evaluations: int, seed: int
) -> int:
    """The position of the best student that a tournament search finds in the table.

    Args:
        table: The students; at least `evaluations`.
        setting: What they are selected by.
        population: Individuals alive.
        evaluations: Students taken in all.
        seed: Decides the start, the tournaments and the children.
    """
    rng = np.random.default_rng(seed)
    merit = [
        (min(-violation(e, setting.floor), 0.0), fitness(e, setting.weights), PARAMETERS.gain(e))
        for e in table.evaluations
    ]
    free = np.ones(len(table), bool)
    alive = rng.choice(len(table), population, replace=False).tolist()
    free[alive] = False
    best = max(alive, key=merit.__getitem__)
    for _ in range(evaluations - population):
        loser, winner = sorted(rng.choice(alive, 2, replace=False), key=merit.__getitem__)
        left = np.flatnonzero(free)
        nearest = left[np.argsort(table.distances[winner, left], kind="stable")[:NEAREST]]
        child = int(rng.choice(nearest))
        free[child] = False
        alive[alive.index(loser)] = child
        best = max(best, child, key=merit.__getitem__)
    return best


def sweep(
    table: Recorded, settings: Sequence[Setting], population: int, seeds: int
) -> dict[str, list[Evaluation]]:
    """The best student of each search, by setting and seed; each sees a third of the table."""
    evaluations = max(len(table) // 3, population)
    return {
        setting.name: [
            table.evaluations[search_recorded(table, setting, population, evaluations, seed)]
            for seed in range(seeds)
        ]
        for setting in settings
    }

"""Uniform crossover of two architectures."""

from typing import Any

import numpy as np
from numpy.random import Generator
from pymoo.core.crossover import Crossover

from kdnas.space import crossover


class UniformCrossover(Crossover):
    """Two parents, one child with every gene from either; see `kdnas.space.crossover`."""

    def __init__(self, prob: float) -> None:
        super().__init__(n_parents=2, n_offsprings=1, prob=prob)

    def _do(
        self, problem: Any, x: np.ndarray, *args: Any, random_state: Generator, **kwargs: Any
    ) -> np.ndarray:
        children = np.empty((1, x.shape[1], 1), dtype=object)
        for i, (a, b) in enumerate(zip(x[0, :, 0], x[1, :, 0], strict=True)):
            children[0, i, 0] = crossover(a, b, random_state)
        return children

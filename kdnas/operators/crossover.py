"""Crossover of two students."""

from typing import Any

import numpy as np
from numpy.random import Generator
from pymoo.core.crossover import Crossover

from kdnas.space import Space


class UniformCrossover(Crossover):
    """Two parents, one child, as the space crosses them."""

    def __init__(self, space: Space[Any], prob: float) -> None:
        super().__init__(n_parents=2, n_offsprings=1, prob=prob)
        self._space = space

    def _do(
        self, problem: Any, x: np.ndarray, *args: Any, random_state: Generator, **kwargs: Any
    ) -> np.ndarray:
        children = np.empty((1, x.shape[1], 1), dtype=object)
        for i, (a, b) in enumerate(zip(x[0, :, 0], x[1, :, 0], strict=True)):
            children[0, i, 0] = self._space.cross(a, b, random_state)
        return children

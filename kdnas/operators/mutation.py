"""One evolution operation on every individual."""

from typing import Any

import numpy as np
from numpy.random import Generator
from pymoo.core.mutation import Mutation

from kdnas.errors import SpaceExhausted
from kdnas.space import Accept, Space, mutate


class EvoMutation(Mutation):
    """Evo(a): an acceptable neighbour of every individual; see `kdnas.space.mutate`.

    Attributes:
        operations: What the last call did to each individual; None where it found no acceptable
            neighbour and left the individual as it was.
    """

    def __init__(self, space: Space[Any], accept: Accept) -> None:
        super().__init__()
        self._space, self._accept = space, accept
        self.operations: list[str | None] = []

    def _do(
        self, problem: Any, x: np.ndarray, *args: Any, random_state: Generator, **kwargs: Any
    ) -> np.ndarray:
        children, self.operations = x.copy(), []
        for i, parent in enumerate(x[:, 0]):
            try:
                edit = mutate(parent, self._space, random_state, accept=self._accept)
            except SpaceExhausted:
                self.operations.append(None)
            else:
                children[i, 0] = edit.architecture
                self.operations.append(edit.operation)
        return children

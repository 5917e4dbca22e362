"""The initial population."""

from typing import Any

import numpy as np
from numpy.random import Generator
from pymoo.core.sampling import Sampling

from kdnas.errors import SpaceExhausted
from kdnas.operators.duplicates import unseen
from kdnas.space import Accept, Genotype, Space, random_edits


class EditSampling(Sampling):
    """Random edits of the simplest students, all with different keys.

    Fewer than asked for come back where the space has no more to give.
    """

    def __init__(self, space: Space[Any], accept: Accept) -> None:
        super().__init__()
        self._space, self._accept = space, accept

    def _do(
        self, problem: Any, n_samples: int, *args: Any, random_state: Generator, **kwargs: Any
    ) -> np.ndarray:
        found: dict[str, Genotype] = {}
        accept = unseen(found.keys(), self._accept)
        try:
            while len(found) < n_samples:
                edit = random_edits(self._space, random_state, accept=accept)
                found[edit.architecture.key] = edit.architecture
        except SpaceExhausted:
            pass  # the algorithm sees from the number that there are no more
        x = np.empty((len(found), 1), dtype=object)
        x[:, 0] = list(found.values())
        return x

"""Nothing twice: by key, against all that was ever proposed."""

from collections.abc import Set
from typing import Any

import numpy as np
from pymoo.core.duplicate import DuplicateElimination

from kdnas.space import Accept, Genotype


def unseen(seen: Set[str], accept: Accept) -> Accept:
    """The condition on a proposal: its key is not in `seen`, and `accept` holds.

    `seen` is read at every call, so that it may grow.
    """

    def acceptable(genotype: Genotype) -> bool:
        return genotype.key not in seen and accept(genotype)

    return acceptable


class KeyElimination(DuplicateElimination):
    """Drops individuals whose key was seen before or stands earlier in the batch.

    Args:
        seen: The keys of the run: its population, pending, archived and failed students. It is
            only read here; who proposes a student adds its key.
    """

    def __init__(self, seen: Set[str]) -> None:
        super().__init__()
        self._seen = seen

    def _do(self, pop: Any, other: Any, is_duplicate: np.ndarray) -> np.ndarray:
        taken = set() if other is None else {ind.X[0].key for ind in other}
        for i, ind in enumerate(pop):
            key = ind.X[0].key
            is_duplicate[i] = key in taken or key in self._seen
            if other is None:
                taken.add(key)
        return is_duplicate

"""Random search: the baseline of every search."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kdnas.algorithms.interface import Proposal
from kdnas.errors import SpaceExhausted
from kdnas.operators import unseen
from kdnas.records import Evaluation, Failure
from kdnas.space import Accept, Space, random_edits, random_uniform


class RandomSearch:
    """Independent draws, `batch` at a time: edits of the simplest students; see `Algorithm`."""

    _draw = staticmethod(random_edits)

    def __init__(self, *, space: Space[Any], accept: Accept, batch: int, seed: int) -> None:
        self.finished: str | None = None
        self._space, self._batch = space, batch
        self._rng = np.random.default_rng(seed)
        self._seen: set[str] = set()
        self._accept = unseen(self._seen, accept)

    def ask(self, most: int) -> list[Proposal]:
        """At most `search.batch` draws with new keys."""
        proposals: list[Proposal] = []
        while len(proposals) < min(most, self._batch):
            try:
                edit = self._draw(self._space, self._rng, accept=self._accept)
            except SpaceExhausted:
                self.finished = "exhausted"
                break
            self._seen.add(edit.architecture.key)
            proposals.append(Proposal(edit.architecture, edit.operation))
        return proposals

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """Nothing is learnt."""


class UniformSearch(RandomSearch):
    """Independent uniform draws."""

    _draw = staticmethod(random_uniform)

"""Random search: the baseline of every search."""

from collections.abc import Mapping

import numpy as np

from kdnas.algorithms.interface import Proposal
from kdnas.config import SearchSettings
from kdnas.errors import SpaceExhausted
from kdnas.operators import unseen
from kdnas.records import Evaluation, Failure
from kdnas.space import Accept, Edit, SearchSpace, random_edits, random_uniform


class RandomSearch:
    """Independent draws: edits of the simplest architectures, or uniform ones; see `Algorithm`."""

    def __init__(self, settings: SearchSettings, space: SearchSpace, accept: Accept) -> None:
        self.finished: str | None = None
        self._settings, self._space = settings, space
        self._rng = np.random.default_rng(settings.seed)
        self._seen: set[str] = set()
        self._accept = unseen(self._seen, accept)

    def ask(self, most: int) -> list[Proposal]:
        """At most `search.batch` draws with new keys."""
        proposals: list[Proposal] = []
        while len(proposals) < min(most, self._settings.batch):
            try:
                edit = self._draw()
            except SpaceExhausted:
                self.finished = "exhausted"
                break
            self._seen.add(edit.architecture.key)
            proposals.append(Proposal(edit.architecture, edit.operation))
        return proposals

    def tell(self, results: Mapping[int, Evaluation | Failure]) -> None:
        """Nothing is learnt."""

    def _draw(self) -> Edit:
        if self._settings.algorithm == "random_uniform":
            return random_uniform(self._space, self._rng, accept=self._accept)
        repair = self._settings.repair
        return random_edits(self._space, self._rng, repair=repair, accept=self._accept)

"""Which weights of a run are kept: those that somebody may ask for."""

from collections.abc import Iterator
from pathlib import Path

from kdnas.analysis import pareto_front, picks
from kdnas.config import Config
from kdnas.evaluation.weights import keep_weights
from kdnas.metrics import fitness, metrics_of
from kdnas.runs import Archive, Row, weights_name

KEPT_BEST = 10
"""Students whose weights are kept for their fitness, besides the front and the picks."""


class KeptWeights:
    """Deletes the weights in `folder` that nobody will ask for."""

    def __init__(self, config: Config, folder: Path, archive: Archive, floor: float) -> None:
        self._config, self._folder, self._archive, self._floor = config, folder, archive, floor
        self._most = 0

    def tidy_if_many(self) -> None:
        """Delete them, if there are twice as many files as were kept the last time."""
        if len(list(self._folder.glob("*"))) > self._most:  # reading all rows takes its time
            self.tidy()

    def tidy(self) -> None:
        """Delete them."""
        kept = {
            weights_name(row.key, trial.replicate, trial.fidelity)
            for row in self._kept(self._archive.rows())
            for trial in row.trials
        }
        keep_weights(self._folder, kept)
        self._most = 2 * len(kept)

    def _kept(self, rows: list[Row]) -> Iterator[Row]:
        """The students that are pending, the front, the picks, the best by fitness."""
        weights, objectives = self._config.fitness, metrics_of(self._config.search.objectives)
        yield from (row for row in rows if row.status == "pending")
        front = pareto_front(rows, objectives, self._floor)
        yield from front
        yield from picks(rows, front, objectives, self._floor, weights).values()
        scored = [(fitness(row.evaluation, weights), row) for row in rows if row.evaluation]
        yield from (row for _, row in sorted(scored, key=lambda pair: -pair[0])[:KEPT_BEST])

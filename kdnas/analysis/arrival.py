"""Whether quick students had an advantage in an asynchronous search: they arrive first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdnas.metrics import PARAMETERS
from kdnas.runs import Row


@dataclass(frozen=True)
class Arrival:
    """How far the order of results was from the order of proposals.

    Attributes:
        places: Mean number of places by which a result was told earlier or later.
        duration: Spearman correlation of a student's delay in places with its duration.
        size: The same with its parameters; well above 0 where large students came late.
    """

    places: float
    duration: float
    size: float


def arrival(rows: Sequence[Row], events: Sequence[tuple[str, int]]) -> Arrival | None:
    """The order in which students arrived; None for fewer than three evaluated ones."""
    from scipy.stats import spearmanr

    place = {birth: n for n, birth in enumerate(b for kind, b in events if kind == "tell")}
    told = [row for row in rows if row.evaluation and row.birth in place]
    if len(told) < 3:
        return None
    delays = np.array([place[row.birth] - row.birth for row in told])

    def correlation(values: list[float]) -> float:
        if len(set(values)) < 2 or len(set(delays.tolist())) < 2:
            return 0.0
        return float(spearmanr(delays, values).statistic)

    return Arrival(
        places=float(np.abs(delays).mean()),
        duration=correlation([row.seconds for row in told]),
        size=correlation([PARAMETERS.value(row.evaluation) for row in told if row.evaluation]),
    )

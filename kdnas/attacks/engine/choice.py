"""A choice among the candidates of a step, and how many choices had to be settled."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Tally:
    """How many choices were too close and settled in TextAttack's own batches."""

    choices: int = 0
    settled: int = 0

    @property
    def share(self) -> float:
        """The share that was settled; 0 where nothing was chosen."""
        return self.settled / max(self.choices, 1)


@dataclass(frozen=True)
class Choice:
    """A candidate and its score; exact if computed in TextAttack's own batch."""

    k: int
    score: np.float32
    flips: bool
    exact: bool = False

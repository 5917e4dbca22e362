"""What a student is taught, and the names of what a term of a recipe may ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdnas.distillation.generator import Rewriter
from kdnas.training import PLAIN, EncodedTexts, Inputs

LIVE = "teacher"
"""The need of a term that asks the teacher itself, for what cannot be computed beforehand."""

ATTENTION = "attention"
"""The need of a term that compares maps of attention of the student and of the teacher itself."""

ATTACKED = "attacked"
"""The need of a term that shows the student the attacked form of the texts."""

TEAM_LOGITS, TEAM_SCORES = "team_logits", "team_scores"
"""The needs of a method with a team of teachers: what each says of the texts, (texts, teachers,
classes), and how good each is on search-val, (teachers,)."""

AUGMENTED = "augmented"
"""The need of a term that shows the student texts in which words became synonyms."""

NEIGHBOURS = "neighbours"
"""The need of a term that shows the student the nearest unlabelled texts."""

GENERATOR = "generator"
"""The need of a term that has texts rewritten by a generator, against the student."""

NO_SIGNALS = (
    LIVE, ATTENTION, ATTACKED, AUGMENTED, NEIGHBOURS, GENERATOR, TEAM_LOGITS, TEAM_SCORES,
)  # fmt: skip
"""Needs that are not computed of one teacher beforehand."""


@dataclass(frozen=True)
class FurtherTexts:
    """What stands beside the training texts, as many for each of them.

    Attributes:
        texts: First all of the first training text, then those of the second, and so on.
        logits: The teacher's, (training texts, each, classes), float32.
        distances: How far each is from its training text in the teacher's last state, the angle
            over pi, (training texts, each), float32; None where no term asks.
    """

    texts: EncodedTexts
    logits: np.ndarray
    distances: np.ndarray | None = None

    @property
    def each(self) -> int:
        """How many there are for one training text."""
        return self.logits.shape[1]


@dataclass(frozen=True)
class Lesson:
    """What a student is taught.

    Attributes:
        texts: The training texts.
        labels: Their true classes, or numbers.
        signals: The teacher on the texts, an array of each kind, (texts, ...), float32; those of a
            team among them (`TEAM_LOGITS`, `TEAM_SCORES`).
        live: Loads the teacher itself onto a device, in eval mode; for terms that need it `LIVE`.
        inputs: From a transformer, such as the teacher, to how it reads the texts.
        attacked: The attacked form of each text, or itself; for terms that need it `ATTACKED`.
        shares: How often each teacher of a team is drawn, of sum 1; empty where it is equally.
        further: Texts for terms that need them `AUGMENTED`, or `NEIGHBOURS`.
        rewriter: What the generator of each training begins as, for terms that need it.
    """

    texts: EncodedTexts
    labels: Sequence[int] | Sequence[float]
    signals: Mapping[str, np.ndarray] = field(default_factory=dict)
    live: Callable[[torch.device], Any] = lambda device: None
    inputs: Callable[[Any], Inputs] = lambda model: PLAIN
    attacked: EncodedTexts | None = None
    further: FurtherTexts | None = None
    rewriter: Rewriter | None = None
    shares: tuple[float, ...] = ()

    @property
    def members(self) -> int:
        """How many teachers a team has; 0 where there is none."""
        return self.signals[TEAM_LOGITS].shape[1] if TEAM_LOGITS in self.signals else 0

    @cached_property
    def truth(self) -> Tensor:
        """The true labels, (texts,)."""
        return torch.tensor(self.labels)

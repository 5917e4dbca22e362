"""The scores of the compared models, from every text that was attacked."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import mean, stdev

import numpy as np

from kdnas.metrics import MILLIONS, points
from kdnas.records import AttackOutcome, TextOutcome
from kdnas.records.measurement import DEGENERATE_SHARE
from kdnas.runs import ModelArchive


@dataclass(frozen=True)
class Estimate:
    """A mean and its standard error; None where it cannot be told."""

    value: float
    error: float | None = None


@dataclass(frozen=True)
class Scores:
    """The trainings of one model under one attack.

    Attributes:
        name: The model's.
        parameters: Of each training.
        outcomes: The counts of each.
        texts: Every attacked text of each, the same texts in the same order.
        examples: Adversarial texts that each was trained with.
    """

    name: str
    parameters: int
    outcomes: tuple[AttackOutcome, ...]
    texts: tuple[tuple[TextOutcome, ...], ...]
    examples: tuple[int, ...] = ()

    @property
    def trainings(self) -> int:
        """How many there are."""
        return len(self.outcomes)

    @property
    def first(self) -> "Scores":
        """The first training alone."""
        return replace(
            self, outcomes=self.outcomes[:1], texts=self.texts[:1], examples=self.examples[:1]
        )

    @property
    def accuracy(self) -> Estimate:
        """Accuracy before the attack, in points."""
        return share(self._told(lambda text: text.outcome != "skipped"))

    @property
    def robustness(self) -> Estimate:
        """Accuracy under attack over all texts, in points."""
        return share(self.held)

    @property
    def held(self) -> np.ndarray:
        """Whether each training (rows) holds each text (columns) under the attack."""
        return self._told(lambda text: text.outcome == "failed")

    @property
    def worst(self) -> Estimate:
        """The robustness of the class where it is smallest, in points."""
        return _mean([points(min(outcome.class_robustness)) for outcome in self.outcomes])

    @property
    def words(self) -> Estimate | None:
        """Words changed in percent of the words, over the trainings that were fooled at all."""
        fooled = [points(o.mean_changed_share) for o in self.outcomes if any(o.succeeded)]
        return _mean(fooled) if fooled else None

    @property
    def queries(self) -> Estimate:
        """Queries over the attacked texts, as TextAttack counts them."""
        return _mean([outcome.mean_queries for outcome in self.outcomes])

    @property
    def size(self) -> Estimate:
        """Parameters in millions."""
        return Estimate(MILLIONS.convert(self.parameters))

    @property
    def adversarial(self) -> Estimate | None:
        """Adversarial texts that a training saw, in the mean."""
        return Estimate(mean(self.examples)) if self.examples else None

    @property
    def constant(self) -> int:
        """Trainings that give nearly every text the same class; these cannot be fooled."""
        found = 0
        for told in self.texts:
            predicted = [text.predicted for text in told]
            most = max(predicted.count(label) for label in set(predicted))
            found += most > DEGENERATE_SHARE * len(predicted)
        return found

    @property
    def each(self) -> dict[str, list[float]]:
        """Accuracy and robustness of each training, in points."""
        return {
            "accuracy": [points(outcome.accuracy) for outcome in self.outcomes],
            "robustness": [points(outcome.robustness) for outcome in self.outcomes],
        }

    def _told(self, of: Callable[[TextOutcome], bool]) -> np.ndarray:
        return np.array([[of(text) for text in told] for told in self.texts])


def share(held: np.ndarray) -> Estimate:
    """The mean over all in points, with the variances of the texts' and of the trainings' means.

    Args:
        held: What each training (rows) makes of each text (columns): 1 where it holds, 0 where it
            does not, or the difference of two such tables.
    """
    held = points(held)
    trainings, texts = held.shape
    variance = held.mean(axis=0).var() / texts
    if trainings > 1:
        variance += held.mean(axis=1).var(ddof=1) / trainings
    return Estimate(float(held.mean()), math.sqrt(variance))


def _mean(values: list[float]) -> Estimate:
    error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
    return Estimate(mean(values), error)


def model_scores(archive: ModelArchive, attack: str) -> dict[str, Scores]:
    """The scores of all models under an attack, in the order in which they were trained.

    Raises:
        TypeError, ValueError: The archive holds what is no outcome of an attack.
    """
    names: dict[str, list[tuple[int, int, int]]] = {}
    for row in archive.models():
        training = (row.replicate, row.parameters, row.examples)
        names.setdefault(row.name, []).append(training)
    found = {}
    for name, trainings in names.items():
        trainings.sort()
        texts = [tuple(archive.texts(name, n, attack)) for n, *_ in trainings]
        if all(texts):
            classes = 1 + max(t.label for outcomes in texts for t in outcomes)
            counts = tuple(AttackOutcome.of(outcomes, classes) for outcomes in texts)
            if any(c.texts != len(told) for c, told in zip(counts, texts, strict=True)):
                raise ValueError(f"a text of {name} has no known outcome")
            examples = tuple(seen for *_, seen in trainings)
            found[name] = Scores(name, trainings[0][1], counts, tuple(texts), examples)
    return found

"""The scores of the compared models, from every text that was attacked."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from kdnas.archive import ModelArchive
from kdnas.objectives import standard_error
from kdnas.records import AttackOutcome, TextOutcome


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
        texts: Every attacked text of each.
    """

    name: str
    parameters: int
    outcomes: tuple[AttackOutcome, ...]
    texts: tuple[tuple[TextOutcome, ...], ...]

    @property
    def accuracy(self) -> Estimate:
        """In points."""
        return self._share(lambda a: a.accuracy)

    @property
    def robustness(self) -> Estimate:
        """Accuracy under attack over all texts, in points."""
        return self._share(lambda a: a.robustness)

    @property
    def worst(self) -> Estimate:
        """The robustness of the class where it is smallest, in points."""
        return self._mean(lambda a: 100 * min(a.class_robustness))

    @property
    def words(self) -> Estimate:
        """Words changed in percent of the words, over the successful attacks."""
        return self._mean(lambda a: 100 * a.mean_words_changed)

    @property
    def queries(self) -> Estimate:
        """Queries over the attacked texts, as TextAttack counts them."""
        return self._mean(lambda a: a.mean_queries)

    @property
    def size(self) -> Estimate:
        """Parameters in millions."""
        return Estimate(self.parameters / 1e6)

    def _share(self, value: Callable[[AttackOutcome], float]) -> Estimate:
        """Over several trainings their spread, over one that of its texts."""
        if len(self.outcomes) > 1:
            return self._mean(lambda a: 100 * value(a))
        (only,) = self.outcomes
        return Estimate(100 * value(only), 100 * standard_error(value(only), only.texts))

    def _mean(self, value: Callable[[AttackOutcome], float]) -> Estimate:
        values = [value(outcome) for outcome in self.outcomes]
        error = stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None
        return Estimate(mean(values), error)


def model_scores(archive: ModelArchive, attack: str = "textfooler") -> dict[str, Scores]:
    """The scores of all models under an attack, in the order in which they were trained."""
    names: dict[str, list[tuple[int, int]]] = {}
    for row in archive.models():
        names.setdefault(row.name, []).append((row.replicate, row.parameters))
    found = {}
    for name, trainings in names.items():
        texts = [tuple(archive.texts(name, n, attack)) for n, _ in sorted(trainings)]
        if all(texts):
            classes = 1 + max(t.label for outcomes in texts for t in outcomes)
            counts = tuple(AttackOutcome.of(outcomes, classes) for outcomes in texts)
            found[name] = Scores(name, trainings[0][1], counts, tuple(texts))
    return found


def held(scores: Scores) -> list[bool]:
    """Whether most trainings of a model hold against the attack, text by text."""
    holds = [[t.outcome == "failed" for t in outcomes] for outcomes in scores.texts]
    return [2 * sum(votes) > len(votes) for votes in zip(*holds, strict=True)]


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> tuple[int, int, float]:
    """Texts that only the first or only the second holds, and the exact two-sided p (McNemar 1947).

    >>> mcnemar([True] * 6, [False] * 6)
    (6, 0, 0.03125)
    """
    from scipy.stats import binomtest

    pairs = list(zip(first, second, strict=True))
    only_first, only_second = pairs.count((True, False)), pairs.count((False, True))
    if not only_first + only_second:
        return 0, 0, 1.0
    p = binomtest(only_first, only_first + only_second).pvalue
    return only_first, only_second, float(p)

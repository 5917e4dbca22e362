"""The scores of tasks once more, by the definitions of their metrics from each label and answer.

Nothing of what made the tables is used, so that a mistake there shows.
"""

from collections.abc import Callable

import numpy as np


def accuracy(truth: np.ndarray, told: np.ndarray) -> float:
    """The share of right answers."""
    return sum(map(bool, truth == told)) / len(truth)


def f1(truth: np.ndarray, told: np.ndarray) -> float:
    """The harmonic mean of precision and recall of the class 1."""
    right = sum((truth == 1) & (told == 1))
    if not right:
        return 0.0
    precision, recall = right / sum(told == 1), right / sum(truth == 1)
    return float(2 * precision * recall / (precision + recall))


def matthews(truth: np.ndarray, told: np.ndarray) -> float:
    """The correlation of the indicators of all classes (Gorodkin 2004, eq. 2)."""
    classes = np.union1d(truth, told)
    one, other = ((answers[:, None] == classes).astype(float) for answers in (truth, told))
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    spread = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / spread) if spread else 0.0


def pearson(truth: np.ndarray, told: np.ndarray) -> float:
    """The correlation of two rows of numbers; 0 where either is constant."""
    from scipy.stats import pearsonr

    return _correlation(pearsonr, truth, told)


def spearman(truth: np.ndarray, told: np.ndarray) -> float:
    """The correlation of their ranks; 0 where either is constant."""
    from scipy.stats import spearmanr

    return _correlation(spearmanr, truth, told)


def _correlation(of: Callable[..., tuple[float, float]], *rows: np.ndarray) -> float:
    return 0.0 if min(map(np.ptp, rows)) == 0 else float(of(*rows)[0])


RECOUNTED: dict[str, tuple[Callable[[np.ndarray, np.ndarray], float], ...]] = {
    "accuracy": (accuracy,),
    "f1": (f1,),
    "accuracy-f1": (accuracy, f1),
    "matthews": (matthews,),
    "pearson": (pearson,),
    "spearman": (spearman,),
    "pearson-spearman": (pearson, spearman),
}
"""Of what each metric of kdnas is the mean."""

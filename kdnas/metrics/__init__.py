"""The numbers that students are judged by: one table of them, read everywhere.

- `Metric` says how a number is read from an evaluation, which direction is better, and how it is
  called and written; a `Score` is also measured on report-val and may have a standard error;
- `SCORES` and `COSTS` are the metrics of kdnas, `METRICS` has them and those of users by name;
- `metrics_of` gives the metrics of a run, also where the code of a user's metric is not loaded;
  `with_values` writes the values of such metrics down and refuses students without finite ones;
- `TASK_METRICS` are the metrics that tasks are scored by, `score` the score of a measurement by its
  own, `constant_score` that of a model without knowledge;
- `fitness`, `accuracy_floor` and `violation` are what searches make of them;
- `Unit`, `points`: how readers see a value; `standard_error`: of a share.
"""

from kdnas.metrics.fitness import (
    PAPER_WEIGHTS,
    Weights,
    accuracy_floor,
    fitness,
    violation,
)
from kdnas.metrics.metric import Metric, Score
from kdnas.metrics.run import added, descriptions, metrics_of, with_values
from kdnas.metrics.scores import TASK_METRICS, TaskMetric, constant_score, score
from kdnas.metrics.table import (
    ACCURACY,
    ATTACK_SECONDS,
    ATTACKED,
    BLOCK_PARAMETERS,
    COSTS,
    FLOPS,
    LOSS,
    METRICS,
    PARAMETERS,
    QUERIES,
    ROBUSTNESS,
    SCORE,
    SCORES,
    SUCCESS_RATE,
    TEXTS,
    TRAIN_SECONDS,
    WORDS_CHANGED,
    WORST_CLASS_ACCURACY,
    WORST_CLASS_ROBUSTNESS,
    headline,
    shown_scores,
)
from kdnas.metrics.units import MILLIONS, NUMBER, POINTS, Unit, points, standard_error

__all__ = [
    "ACCURACY",
    "ATTACKED",
    "ATTACK_SECONDS",
    "BLOCK_PARAMETERS",
    "COSTS",
    "FLOPS",
    "LOSS",
    "METRICS",
    "MILLIONS",
    "NUMBER",
    "PAPER_WEIGHTS",
    "PARAMETERS",
    "POINTS",
    "QUERIES",
    "ROBUSTNESS",
    "SCORE",
    "SCORES",
    "SUCCESS_RATE",
    "TASK_METRICS",
    "TEXTS",
    "TRAIN_SECONDS",
    "WORDS_CHANGED",
    "WORST_CLASS_ACCURACY",
    "WORST_CLASS_ROBUSTNESS",
    "Metric",
    "Score",
    "TaskMetric",
    "Unit",
    "Weights",
    "accuracy_floor",
    "added",
    "constant_score",
    "descriptions",
    "fitness",
    "headline",
    "metrics_of",
    "points",
    "score",
    "shown_scores",
    "standard_error",
    "violation",
    "with_values",
]

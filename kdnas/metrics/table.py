"""The metrics of kdnas, and the registry in which users add their own."""

from dataclasses import replace
from functools import partial

from kdnas.metrics.metric import Metric, Score
from kdnas.metrics.scores import TASK_METRICS, score
from kdnas.metrics.units import MILLIONS, PERCENT, POINTS, SECONDS, Unit
from kdnas.registry import Registry

_accuracy = partial(Score, maximise=True, unit=POINTS)

ACCURACY = _accuracy("accuracy", of=lambda m: m.accuracy, texts=lambda m: m.texts)
ROBUSTNESS = _accuracy(
    "robustness",
    of=lambda m: m.robustness,
    long="accuracy under attack",
    texts=lambda m: m.attack.texts,
)
WORST_CLASS_ACCURACY = _accuracy(
    "worst_class_accuracy", of=lambda m: m.worst_class_accuracy, label="worst-class accuracy"
)
WORST_CLASS_ROBUSTNESS = _accuracy(
    "worst_class_robustness",
    of=lambda m: m.worst_class_robustness,
    label="worst-class robustness",
    long="worst-class accuracy under attack",
)
SCORE = Score("score", of=score, maximise=True, unit=POINTS, of_classes=False)
"""The score by the task's metric; the accuracy of tasks that have no other."""

TEXTS = Score("texts", of=lambda m: m.texts, of_classes=False)
ATTACKED = Score("attacked", of=lambda m: m.attack.texts, label="attack set")
SUCCESS_RATE = Score(
    "success_rate",
    of=lambda m: m.attack.success_rate,
    maximise=False,
    label="attack success rate",
    unit=POINTS,
)
QUERIES = Score(
    "queries", of=lambda m: m.attack.mean_queries, maximise=True, unit=Unit(digits=".1f")
)
WORDS_CHANGED = Score(
    "words_changed", of=lambda m: m.attack.mean_changed_share, maximise=True, unit=PERCENT
)

SCORES: tuple[Score, ...] = (
    ACCURACY,
    ROBUSTNESS,
    WORST_CLASS_ACCURACY,
    WORST_CLASS_ROBUSTNESS,
    SCORE,
    Score("accuracy_se", of=lambda m: ACCURACY.error(m) or 0.0, unit=POINTS),
    Score("robustness_se", of=lambda m: ROBUSTNESS.error(m) or 0.0, unit=POINTS),
    TEXTS,
    ATTACKED,
    SUCCESS_RATE,
    QUERIES,
    WORDS_CHANGED,
    Score("degenerate", of=lambda m: m.degenerate, of_classes=False),
)
"""The metrics of a split, in the order of JSON records."""


def headline(metric: str) -> Score:
    """What tables show first of a task with this metric: its score under the metric's own name."""
    name = TASK_METRICS[metric].label
    return ACCURACY if metric == "accuracy" else replace(SCORE, label=name, long=name)


def shown_scores(metric: str) -> tuple[Score, ...]:
    """The scores that tables have columns for; where labels are numbers nothing is attacked."""
    attacked = () if TASK_METRICS[metric].numbers else (ROBUSTNESS, WORST_CLASS_ROBUSTNESS)
    return (headline(metric), *attacked)


PARAMETERS = Metric("parameters", lambda e: e.parameters, maximise=False, unit=MILLIONS)
BLOCK_PARAMETERS = Metric(
    "block_parameters", lambda e: e.block_parameters, maximise=False, unit=MILLIONS
)
FLOPS = Metric(
    "flops",
    lambda e: e.flops,
    maximise=False,
    long="operations per text",
    unit=replace(MILLIONS, digits=".1f"),
)
LOSS = Metric(
    "loss",
    lambda e: e.loss,
    maximise=False,
    label="distillation loss",
    unit=Unit(digits=".3f"),
)
# Wall times depend on the machine: nothing is selected by them, or no search could be repeated.
TRAIN_SECONDS = Metric("train_seconds", lambda e: e.train_seconds, label="training", unit=SECONDS)
ATTACK_SECONDS = Metric("attack_seconds", lambda e: e.attack_seconds, label="attack", unit=SECONDS)

COSTS: tuple[Metric, ...] = (
    PARAMETERS,
    BLOCK_PARAMETERS,
    FLOPS,
    LOSS,
    TRAIN_SECONDS,
    ATTACK_SECONDS,
)
"""The metrics of the student itself, in the order of JSON records."""

METRICS: Registry[Metric] = Registry(
    "metric", {metric.name: metric for metric in (*SCORES, *COSTS)}, Metric
)
"""Metrics by name. Those of users are added in their own modules::

    TABLES = Metric("tables", lambda e: e.parameters - e.block_parameters, maximise=False)
    METRICS.add("tables", TABLES)  # or named in a setting, as my_module:TABLES
"""

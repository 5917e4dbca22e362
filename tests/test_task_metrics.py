"""The metrics of tasks: those of scipy and scikit-learn, from what is counted of predictions."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdnas.metrics import (
    ACCURACY,
    SCORE,
    TASK_METRICS,
    accuracy_floor,
    constant_score,
    fitness,
    headline,
    score,
    shown_scores,
    violation,
)
from kdnas.records import AttackOutcome, Evaluation, Fit, Measurement

labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)
numbers = st.lists(
    st.tuples(st.floats(-5, 5, width=32), st.floats(-5, 5, width=32)), min_size=3, max_size=40
)


def measured(truth, predicted, classes: int, metric: str) -> Measurement:
    return Measurement.of(np.array(truth), np.array(predicted), classes, metric=metric)


def of(name: str, truth, predicted, classes: int) -> float:
    return TASK_METRICS[name].of(measured(truth, predicted, classes, name))


@given(labels, st.integers(2, 4))
def test_metrics_of_classes_are_those_of_scikit_learn(pairs, classes: int) -> None:
    sklearn = pytest.importorskip("sklearn.metrics")
    truth, predicted = np.array(pairs).T % classes
    assert of("accuracy", truth, predicted, classes) == sklearn.accuracy_score(truth, predicted)
    if len({*truth, *predicted}) == 1:
        assert of("matthews", truth, predicted, classes) == 0
        return
    expected = sklearn.matthews_corrcoef(truth, predicted)
    assert of("matthews", truth, predicted, classes) == pytest.approx(expected, abs=1e-12)
    if classes == 2:
        expected = sklearn.f1_score(truth, predicted, zero_division=0.0)
        assert of("f1", truth, predicted, 2) == pytest.approx(expected, abs=1e-12)
        mean = (of("accuracy", truth, predicted, 2) + expected) / 2
        assert of("accuracy-f1", truth, predicted, 2) == pytest.approx(mean, abs=1e-12)


def test_metrics_of_two_classes_are_those_of_their_formulas() -> None:
    """For every confusion of up to three texts a cell."""
    for tn, fp, fn, tp in product(range(4), repeat=4):
        if not tn + fp + fn + tp:
            continue
        truth = [0] * (tn + fp) + [1] * (fn + tp)
        predicted = [0] * tn + [1] * fp + [0] * fn + [1] * tp
        f1 = tp / (tp + (fp + fn) / 2) if tp else 0.0
        assert of("f1", truth, predicted, 2) == pytest.approx(f1)
        spread = math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        matthews = (tp * tn - fp * fn) / spread if spread else 0.0
        assert of("matthews", truth, predicted, 2) == pytest.approx(matthews)


@given(numbers)
def test_metrics_of_numbers_are_those_of_scipy(pairs) -> None:
    from scipy.stats import pearsonr, spearmanr

    truth, predicted = np.array(pairs, dtype=np.float32).T
    if min(np.ptp(truth), np.ptp(predicted)) < 1e-3:
        return
    pearson, spearman = pearsonr(truth, predicted)[0], spearmanr(truth, predicted)[0]
    assert of("pearson", truth, predicted, 1) == pytest.approx(pearson, abs=1e-5)
    assert of("spearman", truth, predicted, 1) == pytest.approx(spearman, abs=1e-9)
    mean = (pearson + spearman) / 2
    assert of("pearson-spearman", truth, predicted, 1) == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("name", TASK_METRICS)
def test_right_answers_score_one_and_constant_ones_what_is_said(name: str) -> None:
    metric = TASK_METRICS[name]
    truth = [0.5, 1.5, 1.5, 4.0] if metric.numbers else [0, 1, 1, 0, 1]
    classes = 1 if metric.numbers else 2
    right = measured(truth, truth, classes, name)
    assert score(right) == pytest.approx(1.0)
    constant = constant_score(truth, classes, name)
    assert 0 <= constant < 1
    assert constant == 0.0 or not metric.by_chance
    worse = measured(truth, [max(truth) - each for each in truth], classes, name)
    assert score(worse) >= 0 >= (metric.of(worse) if metric.by_chance else 0.0)


def test_a_constant_answer_is_the_most_frequent_class_or_the_mean() -> None:
    assert constant_score([0, 1, 1, 1], 2, "accuracy") == 0.75
    assert constant_score([0, 1, 1, 1], 2, "f1") == pytest.approx(6 / 7)
    assert constant_score([0, 0, 0, 1], 2, "f1") == 0.0
    assert constant_score([0.0, 1.0, 5.0], 1, "pearson") == 0.0


def test_numbers_have_a_fit_and_no_share_of_classes() -> None:
    found = measured([1.0, 2.0, 4.0], [0.1, 0.3, 0.2], 1, "spearman")
    assert found.texts == 3
    assert found.fit == Fit(pytest.approx(0.3273268354), 0.5)
    shares = (found.accuracy, found.worst_class_accuracy, found.robustness)
    assert all(map(math.isnan, (*shares, found.worst_class_robustness)))
    assert not found.degenerate
    assert measured([1.0, 2.0, 4.0], [0.3, 0.3, 0.3], 1, "spearman").degenerate


def evaluation(found: Measurement) -> Evaluation:
    return Evaluation(2_000_000, 1_000_000, 10, found)


def test_the_score_stands_for_the_accuracy() -> None:
    truth, predicted = [0, 1, 1, 0], [0, 1, 0, 0]
    attack = AttackOutcome((0, 1), (1, 0), (1, 1))
    for name in ("accuracy", "matthews"):
        found = Measurement.of(
            np.array(truth), np.array(predicted), 2, metric=name, attack=attack, spec="x"
        )
        value = score(found)
        assert SCORE.of(found) == headline(name).of(found) == value
        assert fitness(evaluation(found)) == pytest.approx(100 * value + 50 - 4)
        assert violation(evaluation(found), 0.9) == pytest.approx(0.9 - value)
    assert ACCURACY.of(found) == 0.75
    assert [each.name for each in shown_scores("matthews")][1:] == [
        "robustness", "worst_class_robustness",
    ]  # fmt: skip


def test_without_an_attack_fitness_is_of_score_and_size() -> None:
    found = measured([1.0, 2.0, 4.0], [0.1, 0.3, 0.2], 1, "spearman")
    assert fitness(evaluation(found)) == pytest.approx(50 - 4)
    assert [each.label for each in shown_scores("spearman")] == ["Spearman"]
    assert accuracy_floor(0.0, 0.9) == pytest.approx(0.3)

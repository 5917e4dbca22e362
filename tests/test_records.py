"""Attack outcomes and measurements: the identities that every report must keep.

The identities are those of TextFooler's and TextAttack's metrics (Jin 2020, Morris 2020), with all
texts as the denominator.
"""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import attacked_texts, measurement_of

from kdnas.records import (
    AttackOutcome,
    EvaluationFailed,
    Failure,
    Measurement,
    TextOutcome,
)
from kdnas.seeds import derived_seed


@given(attacked_texts())
def test_identities_of_every_outcome(texts):
    outcome = AttackOutcome.of(texts, 3)
    assert outcome.texts == len(texts)
    assert outcome.robustness == pytest.approx(outcome.accuracy * (1 - outcome.success_rate))
    assert 0 <= outcome.robustness <= outcome.accuracy <= 1
    assert 0 <= outcome.success_rate <= 1
    assert 0 <= outcome.mean_changed_share <= 1
    assert all(0 <= share <= 1 for share in outcome.class_robustness)


@given(attacked_texts())
def test_ratios_from_the_texts_one_by_one(texts):
    outcome = AttackOutcome.of(texts, 3)
    right = [t for t in texts if t.label == t.predicted]
    flipped = [t for t in texts if t.outcome == "succeeded"]
    held = [t for t in texts if t.outcome == "failed"]
    assert outcome.accuracy == len(right) / len(texts)
    assert outcome.robustness == len(held) / len(texts)
    assert outcome.success_rate == (len(flipped) / len(right) if right else 0)
    if any(t.queries is None for t in texts):
        assert outcome.queries is None
        assert math.isnan(outcome.mean_queries)
    else:
        assert outcome.queries == sum(t.queries for t in right)
        assert outcome.mean_queries == (outcome.queries / len(right) if right else 0)
    changed = sum(t.words_changed / t.words for t in flipped if t.words)
    assert outcome.mean_changed_share == pytest.approx(changed / len(flipped) if flipped else 0)
    by_class = [[t.outcome == "failed" for t in texts if t.label == c] for c in range(3)]
    assert outcome.class_robustness == tuple(sum(c) / len(c) for c in by_class if c)


def text(index: int, label: int, predicted: int, outcome: str, **values) -> TextOutcome:
    numbers = {"words": 10, "words_changed": 0, "queries": 7} | values
    return TextOutcome(index, label, predicted, outcome, **numbers)


def test_an_outcome_by_hand():
    """Two of five texts skipped, one flipped with 3 of 10 words, two held."""
    texts = [
        text(0, 0, 1, "skipped", queries=1),
        text(1, 1, 0, "skipped", queries=1),
        text(2, 0, 0, "succeeded", words_changed=3, queries=30),
        text(3, 0, 0, "failed", queries=50),
        text(4, 1, 1, "failed", queries=10),
    ]
    outcome = AttackOutcome.of(texts, 2)
    assert (outcome.skipped, outcome.succeeded, outcome.failed) == ((1, 1), (1, 0), (1, 1))
    assert outcome.accuracy == 3 / 5
    assert outcome.robustness == 2 / 5, "all texts are the denominator"
    assert outcome.success_rate == 1 / 3
    assert outcome.mean_queries == 30, "of the three that were attacked"
    assert outcome.mean_changed_share == 0.3, "of the one that was flipped"
    assert outcome.class_robustness == (1 / 3, 1 / 2)


def test_nothing_right_means_nothing_attacked():
    outcome = AttackOutcome((3, 2), (0, 0), (0, 0), queries=0)
    assert (outcome.accuracy, outcome.robustness, outcome.success_rate) == (0, 0, 0)
    assert (outcome.mean_queries, outcome.mean_changed_share) == (0, 0)


def test_an_attack_without_candidates_changes_nothing():
    outcome = AttackOutcome((2, 1), (0, 0), (4, 3))
    assert outcome.robustness == outcome.accuracy == 7 / 10


def test_a_class_without_texts_has_no_robustness():
    assert AttackOutcome((1, 0), (0, 0), (1, 0)).class_robustness == (1 / 2,)


@given(attacked_texts())
def test_measurements(texts):
    measured = measurement_of(texts)
    assert measured.texts == len(texts)
    assert measured.accuracy == measured.attack.accuracy, "here all texts are attacked"
    assert measured.robustness == measured.attack.robustness
    assert measured.worst_class_accuracy <= measured.accuracy
    assert measured.worst_class_robustness <= measured.robustness + 1e-12
    assert measured.worst_class_robustness <= measured.worst_class_accuracy


def measured(correct, totals, predicted) -> Measurement:
    return Measurement(correct, totals, predicted, AttackOutcome((0,), (0,), (1,)))


@pytest.mark.parametrize(
    ("correct", "totals", "predicted", "degenerate"),
    [
        ((50, 0), (50, 50), (100, 0), True),  # always the same class
        ((50, 4), (50, 50), (96, 4), True),  # 96 % of the predictions
        ((50, 5), (50, 50), (95, 5), False),  # 95 % of them, and 10 % right in the worst class
        ((93, 4), (95, 5), (94, 6), False),  # unbalanced data
        ((20, 2), (20, 20), (38, 2), True),  # both others right, as in 24 % of draws
        ((20, 4), (20, 20), (36, 4), True),  # all four others right, as in 5.3 % of draws
        ((40, 8), (40, 40), (72, 8), False),  # all eight others right, as in 0.3 % of draws
        ((18, 2), (20, 20), (36, 4), True),  # half of the others right
        ((12, 9), (20, 20), (23, 17), False),  # near chance, but no constant answer
        ((60, 1), (60, 40), (60, 40), True),  # 2.5 % right in the worst class
        ((60, 2), (60, 40), (60, 40), False),  # 5 % of it
        ((40, 30, 0), (40, 30, 30), (50, 40, 10), True),  # one of three classes never right
    ],
)
def test_degenerate_students(correct, totals, predicted, degenerate):
    assert measured(correct, totals, predicted).degenerate is degenerate


def test_worst_classes_leave_out_classes_without_texts():
    assert measured((9, 0, 5), (10, 0, 10), (12, 0, 8)).worst_class_accuracy == 0.5


# Failures and seeds


def test_a_failure_carries_its_kind_through_an_exception():
    error = EvaluationFailed("oom", "12 GB asked")
    assert error.failure == Failure("oom", "12 GB asked")
    assert str(error) == "12 GB asked"


@given(st.integers(), st.text(max_size=16), st.integers(0, 9))
def test_seeds_fit_every_generator(run, key, replicate):
    seed = derived_seed(run, key, replicate)
    assert 0 <= seed < 2**31
    assert seed == derived_seed(run, key, replicate)


def test_seeds_differ_by_every_part_and_never_change():
    seeds = {derived_seed(r, k, i) for r in range(5) for k in ("a", "b") for i in range(3)}
    assert len(seeds) == 30
    assert derived_seed(0, "k", 0) == 358369598

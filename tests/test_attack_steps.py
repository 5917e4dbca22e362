"""One step of the attack: whatever scores and similarities, the engine takes TextAttack's choice.

Invented worlds (attack_worlds) are attacked by the engine, lazily and exactly, and by TextAttack's
own `GreedyWordSwapWIR.perform_search`.
"""

from dataclasses import replace

import numpy as np
import pytest
from attack_worlds import (
    THRESHOLDS,
    Prescribed,
    World,
    empty_store,
    engines_ending,
    long_worlds,
    rough_twin,
    spec_of,
    textattacks_ending,
    wide_worlds,
    worlds,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from kdnas.attacks.engine.choice import Tally
from kdnas.attacks.engine.metrics import MARGIN, angular_doubt
from kdnas.attacks.engine.steps import NO_SCORES, Scores, choose, judge, rivals, unclear

NOISE = (MARGIN / 3, 1e-5)
"""Of logits and of directions (rad): no more than the engine allows for."""

LOGITS = (-2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 2.0)


@pytest.mark.textattack
@settings(max_examples=150)
@given(worlds(), st.sampled_from(THRESHOLDS))
def test_the_engine_comes_to_textattacks_text(world: World, threshold: float) -> None:
    expected = textattacks_ending(world, spec_of(threshold))
    assert engines_ending(world, spec_of(threshold), empty_store()) == expected
    store = empty_store()
    for _ in ("cold", "warm"):
        found = engines_ending(world, spec_of(threshold, mode="lazy"), store)
        assert found == expected.uncounted


@pytest.mark.textattack
@settings(max_examples=150)
@given(worlds(), st.integers(1, 30))
def test_a_budget_ends_both_at_the_same_query(world: World, budget: int) -> None:
    spec = spec_of(THRESHOLDS[0], query_budget=budget)
    assert engines_ending(world, spec, empty_store()) == textattacks_ending(world, spec)


@pytest.mark.textattack
@settings(max_examples=250)
@given(worlds(NOISE), st.sampled_from(THRESHOLDS))
def test_answers_that_depend_on_the_batch_change_nothing(world: World, threshold: float) -> None:
    """What is settled is asked again in TextAttack's own batches, duplicates included."""
    expected = textattacks_ending(world, spec_of(threshold))
    store = empty_store()
    for _ in ("cold", "warm"):
        assert engines_ending(world, spec_of(threshold), store) == expected
    store = empty_store()
    for _ in ("cold", "warm"):
        found = engines_ending(world, spec_of(threshold, mode="lazy"), store)
        assert found == expected.uncounted


@pytest.mark.textattack
@settings(max_examples=250)
@given(st.one_of(worlds(), worlds(NOISE)), st.sampled_from(THRESHOLDS))
def test_nor_does_a_rough_encoder_that_is_asked_first(world: World, threshold: float) -> None:
    """Ties and values on the threshold are frequent here, and the twin is far off."""
    expected = textattacks_ending(world, spec_of(threshold))
    for mode, ending in (("exact", expected), ("lazy", expected.uncounted)):
        spec, stores = spec_of(threshold, mode=mode), (empty_store(), rough_twin(world))
        for _ in ("cold", "warm"):
            assert engines_ending(world, spec, stores[0], rough=stores[1]) == ending
        assert engines_ending(world, spec, stores[0]) == ending, "a machine without the twin"


@pytest.mark.textattack
@settings(max_examples=150)
@given(worlds((MARGIN / 3, 4e-6)), st.sampled_from([0.3, 0.4, 0.7]))
def test_an_encoder_that_is_compared_by_the_cosine(world: World, angle: float) -> None:
    """The second threshold is a value that windows really have."""
    world, spec = replace(world, metric="cosine"), spec_of(float(np.cos(angle)))
    expected = textattacks_ending(world, spec)
    assert engines_ending(world, spec, empty_store()) == expected
    found = engines_ending(world, replace(spec, mode="lazy"), empty_store())
    assert found == expected.uncounted


@pytest.mark.textattack
@settings(max_examples=12)
@given(long_worlds(NOISE))
def test_words_of_equal_importance_are_visited_in_textattacks_order(world: World) -> None:
    """Its sort is not stable where there are more than a few."""
    spec = spec_of(THRESHOLDS[0])
    assert engines_ending(world, spec, empty_store()) == textattacks_ending(world, spec)


@pytest.mark.textattack
@settings(max_examples=12)
@given(wide_worlds(NOISE), st.sampled_from(THRESHOLDS))
def test_nor_do_more_candidates_than_textattack_sends_at_a_time(
    world: World, threshold: float
) -> None:
    expected = textattacks_ending(world, spec_of(threshold))
    assert engines_ending(world, spec_of(threshold), empty_store()) == expected
    found = engines_ending(world, spec_of(threshold, mode="lazy"), empty_store())
    assert found == expected.uncounted


def test_the_worlds_are_not_trivial() -> None:
    """Of a hundred: every outcome but `skipped`, settled choices and clear ones."""
    tally, outcomes = Tally(), []
    for seed in range(100):
        world = World((tuple("abcde"), tuple("fghij")), 3, seed)
        spec = spec_of(THRESHOLDS[0], mode="lazy")
        outcomes.append(engines_ending(world, spec, empty_store(), tally).outcome.outcome)
    assert min(outcomes.count("succeeded"), outcomes.count("failed")) >= 10
    assert 0.05 < tally.share < 0.95


STAYS, FLIPS = (0.4, 0.3, 0.3), (0.3, 0.6, 0.1)
"""A better score that flips nothing; and a still better one that flips."""
WORSE_FLIP = (0.45, 0.55, 0.0001)
"""It flips, but its score is below the current one's."""


@pytest.mark.textattack
@pytest.mark.parametrize(
    ("answers", "compared", "ends_as"),
    [
        ({"a": (0.5, 0.3, 0.2), "b": (0.45, 0.3, 0.25)}, [], "north"),  # nothing is better
        ({"a": STAYS, "b": (0.41, 0.3, 0.29)}, ["a"], "a"),
        ({"a": STAYS, "far": FLIPS}, ["far", "a"], "a"),
        ({"a": (0.35, 0.33, 0.32), "far": FLIPS, "b": (0.38, 0.6, 0.02)}, ["far", "a"], "a"),
        ({"a": FLIPS, "b": STAYS}, ["a"], "a"),
        ({"a": FLIPS, "b": (0.35, 0.6, 0.05), "c": STAYS}, ["a", "b"], "b"),
        ({"a": FLIPS, "b": WORSE_FLIP}, ["a", "b"], "b"),
        ({"a": FLIPS, "b": WORSE_FLIP, "c": STAYS}, ["a", "b", "c"], "a"),
    ],
)
def test_only_what_the_choice_depends_on_is_compared(
    answers: dict[str, tuple], compared: list[str], ends_as: str
) -> None:
    """Later letters are more similar."""
    asked: list[str] = []

    class Noted(Prescribed):
        def vectors(self, windows):
            asked.extend(windows)
            return super().vectors(windows)

    angles = {"a": 0.25, "b": 0.2, "c": 0.15, "far": 1.0}
    answers = {"north": (0.42, 0.3, 0.28), **answers}
    world = Noted((tuple(answers)[1:],), 3, 0, probabilities=answers, angles=angles)
    expected = textattacks_ending(world, spec_of(THRESHOLDS[0]))
    asked.clear()
    store = empty_store()
    found = engines_ending(world, spec_of(THRESHOLDS[0], mode="lazy"), store)
    assert found == expected.uncounted
    assert found.text == ends_as
    assert [word for word in asked if word != "north"] == compared
    asked.clear()
    engines_ending(world, spec_of(THRESHOLDS[0], mode="lazy"), store)
    assert asked == []


@pytest.mark.textattack
def test_a_candidate_as_good_as_the_text_is_compared_with_its_score_as_textattack_had_it() -> None:
    """The text's own score was computed among the candidates that it was chosen from."""
    answers = {
        "north south": STAYS, "south": (0.1, 0.8, 0.1), "north": (0.2, 0.7, 0.1),
        "a south": (0.36, 0.32, 0.32), "a b": (0.36, 0.33, 0.31),
        "c south": (0.5, 0.3, 0.2), "a d": (0.5, 0.3, 0.2),
    }  # fmt: skip
    endings = []
    for seed in range(0, 90, 3):  # the true class is the first
        world = Prescribed((("a", "c"), ("b", "d")), 3, seed, NOISE, probabilities=answers)
        spec = spec_of(0.5)
        endings.append(textattacks_ending(world, spec))
        assert engines_ending(world, spec, empty_store()) == endings[-1]
    assert {ending.text for ending in endings} >= {"a south", "a b"}


def too_close(scores: Scores, values: np.ndarray | None, current: np.float32) -> bool:
    """Whether scores or similarities are too close to choose by."""
    if unclear(scores, current, compared=values is not None):
        return True
    return values is not None and len(rivals(scores, values, current, angular_doubt)) > 1


def near_ties(rng: np.random.Generator) -> tuple:
    """Arguments of `choose` that differ by multiples of the margins, and the same, a little off."""
    classes, texts = rng.integers(2, 6), rng.integers(1, 7)
    logits = rng.choice(LOGITS, (texts, classes))[rng.integers(0, texts, texts)]
    logits += rng.choice([0, 0, 1, 2, 4, 8], logits.shape) * MARGIN
    # A probability moves by at most half as much as the difference of two logits.
    off = logits + rng.uniform(-0.45, 0.45, logits.shape) * MARGIN
    given_, off = judge(logits.astype("f4"), 0), judge(off.astype("f4"), 0)
    if rng.integers(4) == 0:
        return (given_, None), (off, None)
    values = rng.choice([0.91, 0.95, 1.0], texts)
    values -= rng.choice([0, 0, 0.5, 1, 2, 3], texts) * angular_doubt(values)
    off_values = np.minimum(values + rng.uniform(-0.5, 0.5, texts) * angular_doubt(values), 1.0)
    return (given_, values), (off, off_values)


@given(st.integers(0, 2**31))
def test_a_choice_that_a_little_noise_changes_is_unclear(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(20):
        given_, off = near_ties(rng)
        current = rng.choice([*given_[0].score, 0.3]) + rng.choice([0, 0, 0.5, 1, -1, -2]) * MARGIN
        off_current = np.float32(current + rng.uniform(-0.45, 0.45) * MARGIN)
        if choose(*given_, np.float32(current)) != choose(*off, off_current):
            assert too_close(*given_, np.float32(current))


def test_choices_that_no_noise_changes_are_clear() -> None:
    """Else `unclear` could always say so."""
    stays = judge(np.array([[0.0, 1.0], [0.0, -1.0], [0.0, -1.0]], np.float32), 1)
    assert not too_close(stays.take(np.array([1])), None, np.float32(0.5))
    assert not too_close(stays.take(np.array([0])), None, np.float32(0.5))
    flips = judge(np.array([[0.0, 1.0], [0.0, 1.1], [1.0, 0.0]], np.float32), 0)
    assert not too_close(flips, np.array([0.95, 0.96, 0.99]), np.float32(0.3))
    assert too_close(flips, np.array([0.95, 0.95, 0.99]), np.float32(0.3))
    assert rivals(flips, np.array([0.95, 0.95, 0.99]), np.float32(0.3), angular_doubt).size == 2
    assert rivals(flips, np.array([0.95, 0.95, 0.99]), np.float32(0.9), angular_doubt).size == 0


def test_an_empty_list_has_no_choice() -> None:
    assert choose(NO_SCORES, None, np.float32(0)) is None
    assert not too_close(NO_SCORES, np.zeros(0), np.float32(0))

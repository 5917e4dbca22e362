"""Objectives, the paper's fitness in points, the accuracy floor, and what violates it."""

import pytest
from hypothesis import given
from strategies import attacked_texts, evaluation_of

from kdnas.objectives import (
    OBJECTIVES,
    Weights,
    accuracy_floor,
    fitness,
    standard_error,
    violation,
)
from kdnas.records import AttackOutcome, Evaluation, Measurement


def evaluation(
    *, right=(40, 36), texts=(50, 50), predicted=None, held=(10, 6), parameters=5_000_000
) -> Evaluation:
    """A student on two classes whose attack saw all texts."""
    predicted = predicted or (right[0] + texts[1] - right[1], right[1] + texts[0] - right[0])
    skipped = tuple(n - r for n, r in zip(texts, right, strict=True))
    flipped = tuple(r - h for r, h in zip(right, held, strict=True))
    attack = AttackOutcome(skipped, flipped, held)
    return Evaluation(
        parameters, parameters // 4, 10**9, Measurement(right, texts, predicted, attack)
    )


CONSTANT = {"right": (50, 0), "predicted": (100, 0), "held": (50, 0), "parameters": 4_023_426}
"""The student that always gives the same answer, at the smallest size."""


def test_fitness_by_hand():
    """76 % right, 16 % under attack, 5 M parameters: 76 + 16 - 10."""
    assert fitness(evaluation()) == pytest.approx(82)


def test_fitness_of_published_rows():
    """RoSearch on SST-2 (84.1, 45.8, 24 M) and BERT (92.3, 12.4, 110 M), Guo 2021, table 5."""
    for right, held, parameters, points in [
        (841, 458, 24_000_000, 81.9),
        (923, 124, 110_000_000, -115.3),
    ]:
        row = evaluation(right=(right,), texts=(1000,), held=(held,), parameters=parameters,
                         predicted=(1000,))  # fmt: skip
        assert fitness(row) == pytest.approx(points)


def test_weights_and_the_parameters_they_count():
    student = evaluation()
    assert fitness(student, Weights(0, 1, 0)) == pytest.approx(16)
    assert fitness(student, Weights(1, 0, 0)) == pytest.approx(76)
    assert fitness(student, Weights(0, 0, 1)) == pytest.approx(-5)
    assert fitness(student, Weights(count="blocks")) == pytest.approx(76 + 16 - 2 * 1.25)


def test_a_constant_answer_beats_an_honest_student_by_the_printed_fitness():
    """Which is why there is a floor."""
    constant = evaluation(**CONSTANT)
    assert fitness(constant) == pytest.approx(50 + 50 - 2 * 4.023426)
    assert fitness(constant) > fitness(evaluation())
    floor = accuracy_floor(0.5, 0.83)
    assert violation(constant, floor) > 0 >= violation(evaluation(), floor)


@pytest.mark.parametrize(
    ("majority", "teacher", "floor"), [(0.5, 0.8, 0.6), (0.25, 0.94, 0.48), (0.5, 0.4, 0.5)]
)
def test_the_default_floor(majority, teacher, floor):
    assert accuracy_floor(majority, teacher) == pytest.approx(floor)


def test_violation_is_the_gap_to_the_floor():
    assert violation(evaluation(), 0.8) == pytest.approx(0.04)
    assert violation(evaluation(), 0.76) == pytest.approx(0)
    assert violation(evaluation(), 0.7) == pytest.approx(-0.06)


def test_a_degenerate_student_violates_every_floor_but_none():
    constant = evaluation(**CONSTANT)
    assert constant.search.degenerate
    assert violation(constant, 0.3) == pytest.approx(0.05)
    assert violation(constant, 0.9) == pytest.approx(0.4), "the larger of the two"
    assert violation(constant, 0) <= 0, "a floor of 0 is the literal paper"


@given(attacked_texts())
def test_objectives_are_natural_values(texts):
    student = evaluation_of(texts)
    values = {name: objective.value(student) for name, objective in OBJECTIVES.items()}
    assert values == {
        "accuracy": student.search.accuracy,
        "robustness": student.search.robustness,
        "worst_class_robustness": student.search.worst_class_robustness,
        "parameters": 4_023_426,
    }
    assert all(type(value) is float for value in values.values())


def test_directions_and_labels():
    assert {n for n, o in OBJECTIVES.items() if not o.maximise} == {"parameters"}
    assert all("share" in o.label for o in OBJECTIVES.values() if o.maximise)


def test_standard_error():
    assert standard_error(0.5, 400) == pytest.approx(0.025)
    assert standard_error(0.0, 400) == standard_error(1.0, 400) == 0
    assert standard_error(0.5, 0) != standard_error(0.5, 0), "undefined without texts: not a number"

"""The order in which students arrive in an asynchronous search, against counts by hand."""

import numpy as np
import pytest
from strategies import evaluation_of, some_architectures

from kdnas.analysis import arrival
from kdnas.runs import Row


def rows(seconds: list[float], parameters: list[int]) -> list[Row]:
    """Evaluated students of these times and sizes."""
    archs = some_architectures(len(seconds))
    return [
        Row(birth, arch.key, arch.to_json(), "initial", (), 0, "ok",
            evaluation_of([], parameters=size), attempts=1, seconds=time)
        for birth, (arch, time, size) in enumerate(zip(archs, seconds, parameters, strict=True))
    ]  # fmt: skip


def told(*births: int) -> list[tuple[str, int]]:
    return [("ask", b) for b in sorted(births)] + [("tell", b) for b in births]


def test_in_order_nobody_has_an_advantage():
    found = arrival(rows([3.0, 1.0, 2.0], [1, 2, 3]), told(0, 1, 2))
    assert found is not None
    assert (found.places, found.duration, found.size) == (0, 0, 0)


def test_slow_and_large_students_come_late():
    """Births 0, 1, 2 arrive as 1, 2, 0: delays +2, -1, -1."""
    found = arrival(rows([9.0, 1.0, 2.0], [50, 20, 10]), told(1, 2, 0))
    assert found is not None
    assert found.places == pytest.approx(4 / 3)
    ranks = np.array([3, 1.5, 1.5])
    assert found.duration == pytest.approx(np.corrcoef(ranks, [3, 1, 2])[0, 1])
    assert found.size == pytest.approx(np.corrcoef(ranks, [3, 2, 1])[0, 1])


def test_too_few_say_nothing():
    assert arrival(rows([1.0, 2.0], [1, 2]), told(1, 0)) is None

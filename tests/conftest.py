"""Settings that every test runs under: one thread, no windows, repeatable draws."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# Before torch or matplotlib are imported: the tests share two cores, and draw without a display.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("MPLBACKEND", "Agg")

# No deadline: a shared machine stalls now and then. Derandomised: a failure is there again at once.
settings.register_profile(
    "kdnas",
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("kdnas")


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(2021)

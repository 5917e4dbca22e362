"""Settings that every test runs under: one thread, no windows, repeatable draws."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from kdnas import registry
from kdnas.config import Config

if TYPE_CHECKING:
    from kdnas.attacks import AttackResources
    from kdnas.evaluation import Prepared
    from kdnas.tasks import Task
    from kdnas.teachers import Teacher

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

# A user's module, which adds parts: only the processes of `test_outside.py` import it.
collect_ignore = ["outside"]


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator."""
    return np.random.default_rng(2021)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty cache for the session; the user's is never read or written."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KDNAS_CACHE", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def no_added_source_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules that one test has added parts from are unknown to the next."""
    monkeypatch.setattr(registry, "_sources", dict(registry._sources))


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a random two-layer BERT with a real tokenizer."""
    from heavy import save_tiny_bert

    return save_tiny_bert(tmp_path_factory.mktemp("tiny-bert"))


@pytest.fixture(scope="module")
def config(request: pytest.FixtureRequest, tiny_teacher: Path) -> Config:
    """A run of seconds with what the test module's SETTINGS change."""
    from heavy import tiny_config

    return tiny_config(tiny_teacher, *getattr(request.module, "SETTINGS", ()))


@pytest.fixture(scope="module")
def task(config: Config) -> "Task":
    """The task of `config`."""
    from kdnas.evaluation import load_task

    return load_task(config)


@pytest.fixture(scope="module")
def teacher(config: Config, task: "Task") -> "Teacher":
    """The teacher of `config`, fine-tuned on `task`."""
    from kdnas.teachers import prepare_teacher

    return prepare_teacher(config.teacher, task, 32)


@pytest.fixture(scope="module")
def prepared(config: Config) -> "Prepared":
    """What every student of `config` is evaluated with."""
    from kdnas.evaluation import prepare

    return prepare(config)


@pytest.fixture(scope="module")
def resources() -> "AttackResources":
    """The resources of attacks with few vectors and, on any machine, the encoder's rough twin."""
    from attack_texts import small

    from kdnas.attacks import load_resources
    from kdnas.attacks.resources import MiniLM
    from kdnas.attacks.resources.rough import bfloat16_twin

    found = load_resources(small())
    assert isinstance(found.encoder, MiniLM)
    return replace(found, rough=bfloat16_twin(found.encoder))


@pytest.fixture
def new_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the next attacker a cold one."""

    def renew() -> None:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        monkeypatch.setenv("KDNAS_CACHE", str(folder))

    return renew


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs an extra that is not installed."""
    extras = {"textattack": ("textattack",), "paper": ("tensorflow", "nltk")}
    for extra, packages in extras.items():
        if all(map(find_spec, packages)):
            continue
        missing = pytest.mark.skip(reason=f"not installed: kdnas[{extra}]")
        for item in items:
            if item.get_closest_marker(extra):
                item.add_marker(missing)

"""Signals that need not fit in memory: the same numbers, from a file."""

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from kdnas.config import Config
from kdnas.errors import UserError
from kdnas.tasks import Task
from kdnas.teachers import large, teacher_signals

KINDS = ("logits", "states", "probe_logits")


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of its own: other tests need the common one intact."""
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_does_not_fit_in_memory_is_the_same(
    config: Config, task: Task, teacher, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = teacher_signals(config.teacher, teacher, task, KINDS)
    shutil.rmtree(cache)
    monkeypatch.setattr(large, "IN_MEMORY", 0)
    monkeypatch.setattr("kdnas.teachers.probes._ROWS", 7)
    found = teacher_signals(config.teacher, teacher, task, KINDS)
    for kind in ("logits", "states"):
        assert np.array_equal(found[kind], expected[kind])
    # Products of other numbers of rows may differ in the last digit.
    assert np.allclose(found["probe_logits"], expected["probe_logits"], atol=1e-5)
    assert {path.suffix for path in cache.iterdir()} == {"", ".safetensors"}


def test_states_stay_on_the_disk(config: Config, task: Task, teacher, cache: Path) -> None:
    states = teacher_signals(config.teacher, teacher, task, ["states"])["states"]
    assert isinstance(states, np.memmap)
    assert states.shape == (len(task.train), 3, teacher.load("cpu").config.hidden_size)
    assert not states.flags.writeable
    batch = states[np.array([5, 1])]
    assert np.array_equal(batch, np.stack([states[5], states[1]]))


def test_damaged_states_are_made_again(config: Config, task: Task, teacher, cache: Path) -> None:
    expected = np.array(teacher_signals(config.teacher, teacher, task, ["states"])["states"])
    (file,) = cache.glob("signals-states-*/array.npy")
    content = file.read_bytes()
    file.write_bytes(content[:-4] + b"\0\0\0\0")
    with pytest.warns(UserWarning, match="damaged cache folder"):
        again = teacher_signals(config.teacher, teacher, task, ["states"])["states"]
    assert np.array_equal(again, expected)
    assert file.read_bytes() == content


def test_a_disk_without_room_is_refused_before_the_pass(
    config: Config, task: Task, teacher, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large, "IN_MEMORY", 0)
    usage = namedtuple("usage", "total used free")(10**6, 10**6 - 1000, 1000)
    monkeypatch.setattr(large.shutil, "disk_usage", lambda place: usage)
    with pytest.raises(UserError, match=r"states of 160 texts need up to .*1\.0 kB are free; free"):
        teacher_signals(config.teacher, teacher, task, ["states"])
    assert not list(cache.glob("signals-*"))

"""Teachers: loading, fine-tuning, probes, cached signals, and tables for students."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from heavy import tiny_config
from safetensors.numpy import load_file, save_file

from kdnas.config import Config, TeacherSettings
from kdnas.errors import UserError
from kdnas.evaluation import load_task
from kdnas.tasks import Task
from kdnas.teachers import (
    load_tokenizer,
    model_identity,
    prepare_teacher,
    resolve_model,
    student_tables,
    teacher_signals,
    train_probes,
)
from kdnas.training import choose_device, encode


@pytest.fixture(scope="module")
def config(tiny_teacher: Path) -> Config:
    return tiny_config(tiny_teacher, "teacher.epochs=25", "teacher.learning_rate=2e-3")


@pytest.fixture(scope="module")
def task(config: Config) -> Task:
    return load_task(config)


@pytest.fixture(scope="module")
def teacher(config: Config, task: Task):
    return prepare_teacher(config.teacher, task, 32)


def test_fine_tuning_learns_the_training_set(config: Config, task: Task, teacher) -> None:
    signals = teacher_signals(config.teacher, teacher, task)
    labels = np.array(task.train.labels)
    assert (signals.logits.argmax(1) == labels).mean() > 0.75
    assert signals.probe_logits.shape == (160, 3, 2)
    assert (signals.probe_logits[:, -1].argmax(1) == labels).mean() > 0.75


def test_signals_are_the_teachers_own_logits(config: Config, task: Task, teacher) -> None:
    signals = teacher_signals(config.teacher, teacher, task)
    model, tokenizer = teacher.load(choose_device()), teacher.tokenizer()
    rows = [0, 7, 100]
    inputs = tokenizer([task.train.texts[i] for i in rows], padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits
    assert np.allclose(signals.logits[rows], logits, atol=1e-4)
    assert len(signals.search_logits) == len(task.search)


def test_a_second_run_computes_nothing(
    config: Config, task: Task, teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = teacher_signals(config.teacher, teacher, task)

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("kdnas.teachers.finetune.finetune", never)
    monkeypatch.setattr("kdnas.teachers.signals._compute", never)
    again = teacher_signals(config.teacher, prepare_teacher(config.teacher, task, 32), task)
    assert np.array_equal(first.logits, again.logits)


def test_other_settings_are_another_teacher(config: Config, task: Task, teacher) -> None:
    changed = config.teacher.model_copy(update={"seed": 5, "epochs": 0})
    assert prepare_teacher(changed, task, 32).folder != teacher.folder


def test_a_damaged_cache_is_found_out(
    config: Config, task: Task, teacher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path))  # other tests need the common one intact
    expected = teacher_signals(config.teacher, teacher, task)
    (path,) = tmp_path.glob("signals-*.safetensors")
    arrays = load_file(path)
    save_file({**arrays, "logits": arrays["logits"] + 1}, path, {"sha256": "0" * 64})
    with pytest.warns(UserWarning, match="damaged cache file"):
        again = teacher_signals(config.teacher, teacher, task)
    assert np.allclose(again.logits, expected.logits, atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        teacher_signals(config.teacher, teacher, task)


def test_probes_find_what_each_layer_knows() -> None:
    """Layer 0 is noise, layer 1 holds the class: only its probe can tell."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (400,), generator=generator)
    features = torch.randn(400, 2, 8, generator=generator)
    features[:, 1, :3] += 6 * torch.eye(3)[labels]
    found = train_probes(features, labels, TeacherSettings(probe_learning_rate=0.05))
    accuracy = (found.argmax(-1) == labels[:, None]).float().mean(0)
    assert accuracy[1] > 0.97
    assert accuracy[0] < 0.6


def test_student_tables_start_from_the_teachers(teacher) -> None:
    tables = student_tables(teacher, 16)
    assert tables["words"].shape == (30522, 16)
    assert tables["positions"].shape == (512, 16)
    assert tables["words"].std() == pytest.approx(0.5, abs=1e-3)


def test_the_offline_teacher_is_a_real_sentence_encoder() -> None:
    tokenizer = load_tokenizer("offline:minilm")
    assert encode(tokenizer, ["a film"], 8).lengths.tolist() == [4]
    assert len(model_identity("offline:minilm")) == 64


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("absent", "there is no such folder"),
        ("empty", "there is no config.json in it"),
        ("file", "it is a file, not a folder"),
    ],
)
def test_a_place_without_a_model_says_what_to_name(place: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UserError) as caught:
        load_tokenizer(str(tmp_path / place))
    assert str(caught.value) == (
        f"cannot load model '{tmp_path / place}' ({reason}); name a folder that save_pretrained"
        " wrote, a hub id that can be reached, or offline:minilm"
    )


@pytest.mark.parametrize("name", ["offline:bert", "no/such-model-anywhere", "/no/such/folder"])
def test_a_model_that_cannot_be_loaded_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError) as caught:
        load_tokenizer(resolve_model(name))
    assert name in str(caught.value)
    assert "offline" in str(caught.value)
    assert "\n" not in str(caught.value)

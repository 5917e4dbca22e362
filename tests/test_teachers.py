"""Teachers: loading, fine-tuning, probes, cached signals, and tables for students."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    BertConfig,
    GPT2Config,
    RobertaConfig,
)

from kdnas.config import Config, TeacherSettings
from kdnas.errors import UserError
from kdnas.model_names import resolve_model
from kdnas.resources import other_heads
from kdnas.tasks import Split, Task
from kdnas.teachers import (
    ProbeTraining,
    Teacher,
    load_classifier,
    load_for_task,
    load_tokenizer,
    model_identity,
    prepare_teacher,
    student_tables,
    teacher_signals,
    train_probes,
)
from kdnas.teachers.finetune import finetune, schedule_of_teacher
from kdnas.training import choose_device, encode

SETTINGS = ("teacher.epochs=25", "teacher.learning_rate=2e-3")
KINDS = ("logits", "probe_logits", "search_logits")


def signals_of(config: Config, teacher: Teacher, task: Task) -> dict[str, np.ndarray]:
    return teacher_signals(config.teacher, teacher, task, KINDS)


def test_fine_tuning_learns_the_training_set(config: Config, task: Task, teacher) -> None:
    signals = signals_of(config, teacher, task)
    labels = np.array(task.train.labels)
    assert (signals["logits"].argmax(1) == labels).mean() > 0.75
    assert signals["probe_logits"].shape == (160, 3, 2)
    assert (signals["probe_logits"][:, -1].argmax(1) == labels).mean() > 0.75


def test_automatic_epochs_keep_the_best_on_texts_kept_back(
    config: Config, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights after the best epoch are returned, not the last, and its texts are not seen."""
    monkeypatch.setattr("kdnas.teachers.finetune._STEPS", 30)
    scores = iter([0.5, 0.9, 0.7, 0.9, 0.1, 0.2])
    losses = []

    def judged(forward, texts, device):
        assert len(texts) == len(task.train) // 10
        share = next(scores)
        labels = torch.tensor(task.train.labels[-len(texts) :])
        right = torch.arange(len(texts)) < share * len(texts)
        return torch.nn.functional.one_hot(torch.where(right, labels, 1 - labels), 2).numpy()

    kept = []

    def remembered(state):
        kept.append({name: value.clone() for name, value in state.items()})
        return kept[-1]

    monkeypatch.setattr("kdnas.teachers.finetune.predict", judged)
    monkeypatch.setattr("kdnas.teachers.finetune.deepcopy", remembered)
    settings = config.teacher.model_copy(update={"epochs": "auto"})
    model, _ = finetune(settings, task, 32, lambda epoch, *_: losses.append(epoch))
    assert losses == list(range(1, 7))  # 5 batches an epoch
    assert len(kept) == 3  # epochs 1, 2, and 4, which is as good as 2 and later
    assert all(torch.equal(value, kept[-1][name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(("texts", "epochs"), [(100, 20), (900, 20), (5000, 4), (10**6, 2)])
def test_automatic_epochs_make_enough_steps(texts: int, epochs: int) -> None:
    assert schedule_of_teacher(TeacherSettings(), texts).epochs == epochs
    assert schedule_of_teacher(TeacherSettings(epochs=7), texts).epochs == 7


def test_signals_are_the_teachers_own_logits(config: Config, task: Task, teacher) -> None:
    signals = signals_of(config, teacher, task)
    model, tokenizer = teacher.load(choose_device()), teacher.tokenizer()
    rows = [0, 7, 100]
    inputs = tokenizer([task.train.texts[i] for i in rows], padding=True, return_tensors="pt")
    with torch.inference_mode():
        logits = model(**inputs).logits
    assert np.allclose(signals["logits"][rows], logits, atol=1e-4)
    assert len(signals["search_logits"]) == len(task.search)


def test_a_second_run_computes_nothing(
    config: Config, task: Task, teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = signals_of(config, teacher, task)

    def never(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("kdnas.teachers.finetune.finetune", never)
    monkeypatch.setattr("kdnas.teachers.signals.Pass.model", never)
    again = signals_of(config, prepare_teacher(config.teacher, task, 32), task)
    assert all(np.array_equal(first[kind], again[kind]) for kind in KINDS)


def test_other_settings_are_another_teacher(config: Config, task: Task, teacher) -> None:
    changed = config.teacher.model_copy(update={"seed": 5, "epochs": 0})
    assert prepare_teacher(changed, task, 32).folder != teacher.folder


def test_a_damaged_cache_is_found_out(
    config: Config, task: Task, teacher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KDNAS_CACHE", str(tmp_path))  # other tests need the common one intact
    expected = signals_of(config, teacher, task)
    (path,) = tmp_path.glob("signals-logits-*.safetensors")
    arrays = load_file(path)
    save_file({**arrays, "logits": arrays["logits"] + 1}, path, {"sha256": "0" * 64})
    with pytest.warns(UserWarning, match="damaged cache file"):
        again = signals_of(config, teacher, task)
    assert np.allclose(again["logits"], expected["logits"], atol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        signals_of(config, teacher, task)


def test_probes_find_what_each_layer_knows() -> None:
    """Layer 0 is noise, layer 1 holds the class: only its probe can tell."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (400,), generator=generator)
    features = torch.randn(400, 2, 8, generator=generator)
    features[:, 1, :3] += 6 * torch.eye(3)[labels]
    found = train_probes(features, labels, ProbeTraining(learning_rate=0.05))
    accuracy = (found.argmax(-1) == labels[:, None]).float().mean(0)
    assert accuracy[1] > 0.97
    assert accuracy[0] < 0.6


NAMES = {2: ("negative", "positive"), 3: ("bad", "fair", "good")}
ORDERS = [order for n in NAMES for order in permutations(range(n))]
LAYOUTS = {
    "bert": BertConfig,
    "roberta": RobertaConfig,
    "gpt2": GPT2Config,
}
"""Models with heads of different kinds."""


def classifier(folder: Path, kind: str, names: Sequence[str] | None, classes: int = 0) -> Path:
    """A random classifier with these classes, or with as many that nobody named."""
    torch.manual_seed(len(kind))
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 16, "vocab_size": 40, "n_positions": 40, "pad_token_id": 0}
    labels = {"num_labels": classes} if names is None else {"id2label": dict(enumerate(names))}
    config = LAYOUTS[kind](**sizes, **labels)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    return folder


def named(model, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """What a model says of some texts, by the name of the class."""
    with torch.no_grad():
        logits = model.eval()(input_ids=ids).logits
    return {model.config.id2label[i].lower(): logits[:, i] for i in range(logits.shape[1])}


@pytest.mark.parametrize("trained", [True, False])
@pytest.mark.parametrize("kind", LAYOUTS)
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_classes_are_those_of_the_model_by_name(order, kind, trained: bool, tmp_path) -> None:
    """Whatever the order in its file; also where the model is fine-tuned further."""
    names = NAMES[len(order)]
    own = [names[i].title() for i in order]
    place = str(classifier(tmp_path, kind, own))
    model, ids = load_for_task(place, names, trained), torch.arange(12).view(3, 4) + 1
    assert model.config.id2label == dict(enumerate(names))
    assert model.config.label2id == {name: i for i, name in enumerate(names)}
    before, after = named(load_classifier(place), ids), named(model, ids)
    for name in names:
        assert torch.allclose(after[name], before[name], atol=1e-6)


def test_classes_that_nobody_named_are_taken_in_their_order(tmp_path: Path) -> None:
    place = str(classifier(tmp_path, "bert", None, classes=2))
    model, own = load_for_task(place, NAMES[2], trained=True), load_classifier(place)
    assert model.config.id2label == {0: "negative", 1: "positive"}
    assert torch.equal(model.classifier.weight, own.classifier.weight)


@pytest.mark.parametrize(
    ("own", "wanted"),
    [
        (("up", "down"), NAMES[2]),
        (("negative", "other"), NAMES[2]),
        (NAMES[3], NAMES[2]),
        (NAMES[2], NAMES[3]),
        (("LABEL_0", "LABEL_1", "LABEL_2"), NAMES[2]),
    ],
)
def test_a_finished_teacher_of_other_classes_is_refused(own, wanted, tmp_path: Path) -> None:
    place = str(classifier(tmp_path, "bert", own))
    with pytest.raises(UserError) as caught:
        load_for_task(place, wanted, trained=True)
    message = str(caught.value)
    assert ", ".join(own) in message
    assert ", ".join(wanted) in message
    assert message.endswith("fine-tune it with teacher.epochs=auto")
    assert ("name the classes alike" in message) == (len(own) == len(wanted))
    assert "\n" not in message


@pytest.mark.parametrize("own", [NAMES[3], ("up", "down")])
def test_what_is_fine_tuned_may_have_had_other_classes(own, tmp_path: Path) -> None:
    """And it is said what becomes of its head."""
    place = str(classifier(tmp_path, "bert", own))
    head = "its head is new" if len(own) == 3 else "its head stays, class by class"
    told = f"{place} was trained to tell {', '.join(own)}, the task has {', '.join(NAMES[2])}"
    assert other_heads([place, "drawn:0", "cells", "hub:a/b"], NAMES[2]) == [f"{told}: {head}"]
    assert other_heads([place, f"cut:1:{place}"], own[::-1]) == []
    model = load_for_task(place, NAMES[2])
    assert model.classifier.weight.shape == (2, 16)
    assert model.config.id2label == {0: "negative", 1: "positive"}


def test_an_encoder_without_a_head_is_no_finished_teacher(tmp_path: Path) -> None:
    model = load_classifier(str(classifier(tmp_path / "whole", "bert", NAMES[2])))
    model.bert.save_pretrained(tmp_path / "encoder")
    place = str(tmp_path / "encoder")
    own = AutoConfig.from_pretrained(place)
    own.id2label = dict(enumerate(NAMES[2]))
    own.save_pretrained(place)
    with pytest.raises(UserError, match=r"no trained classifier: classifier\.bias.*fine-tune"):
        load_for_task(place, NAMES[2], trained=True)
    assert load_for_task(place, NAMES[2]).config.num_labels == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_finished_teacher_is_as_right_as_the_model_by_name(
    order: tuple[int, int], config: Config, task: Task, teacher: Teacher, tmp_path: Path
) -> None:
    """`teacher.epochs=0` with a task whose classes stand in either order."""
    names = tuple(task.label_names[i] for i in order)
    splits = {
        name: Split(split.texts, tuple(order.index(label) for label in split.labels), "turned")
        for name, split in task.splits.items()
    }
    turned = replace(task, label_names=names, **splits)
    settings = config.teacher.model_copy(update={"model": str(teacher.folder), "epochs": 0})
    finished = prepare_teacher(settings, turned, 32)
    found = teacher_signals(settings, finished, turned, ["logits"])["logits"]
    expected = signals_of(config, teacher, task)["logits"]
    assert np.allclose(found, expected[:, list(order)], atol=1e-5)
    right = (expected.argmax(1) == np.array(task.train.labels)).mean()
    assert (found.argmax(1) == np.array(turned.train.labels)).mean() == right > 0.75


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

"""Texts that fooled the teacher, for students that are shown them; they are made once."""

from dataclasses import replace

import numpy as np
import pytest
from heavy import TINY_ARCHITECTURE

from kdnas.config import Config
from kdnas.distillation import distill, recipe_of
from kdnas.evaluation import Evaluator, Prepared, fresh_student, prepare
from kdnas.records import Evaluation, Job
from kdnas.training import EncodedTexts, Inputs, choose_device, encode, logits_of, predict

SETTINGS = (
    "teacher.epochs=25",
    "teacher.learning_rate=2e-3",
    "distill.method=ard",
    "distill.ard.strength=0.5",
    "attack.recipe=deepwordbug",
)


def test_every_text_is_its_own_or_fools_the_teacher(config: Config, prepared: Prepared) -> None:
    lesson, task = prepared.lesson, prepared.task
    length = config.student.max_length
    clean = encode(prepared.tokenizer, task.train.texts, length)
    assert lesson.attacked is not None
    longest = min(clean.ids.shape[1], lesson.attacked.ids.shape[1])
    same = (clean.ids[:, :longest] == lesson.attacked.ids[:, :longest]).all(axis=1)
    same &= clean.lengths == lesson.attacked.lengths
    assert 5 <= (~same).sum() <= round(0.5 * len(task.train))
    teacher = prepared.teacher.load(choose_device())
    forward = logits_of(teacher, Inputs.of(prepared.tokenizer, teacher))
    found = predict(forward, lesson.attacked, teacher.device).argmax(axis=1)
    assert (found != np.array(task.train.labels))[~same].all()


def test_they_are_made_once(
    config: Config, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: list[str] = []

    def never(*_: object) -> None:
        raise AssertionError("attacked")

    monkeypatch.setattr("kdnas.evaluation.attacked.adversarial_examples", never)
    again = prepare(config, stages.append)
    assert "attacked texts" in stages
    assert again.lesson.attacked is not None
    assert prepared.lesson.attacked is not None
    assert np.array_equal(again.lesson.attacked.ids, prepared.lesson.attacked.ids)


def test_other_methods_have_nothing_attacked(config: Config) -> None:
    values = config.model_dump(mode="json")
    values["distill"]["method"] = "kd"
    stages: list[str] = []
    assert prepare(Config.model_validate(values), stages.append).lesson.attacked is None
    assert "attacked texts" not in stages


def test_a_search_can_be_taught_so(config: Config, tmp_path) -> None:
    found = Evaluator(config, tmp_path)(Job(0, TINY_ARCHITECTURE, seed=3))
    assert isinstance(found, Evaluation)
    assert np.isfinite(found.loss)


def test_words_of_attacked_texts_alone_are_learned_too(config: Config, prepared: Prepared) -> None:
    """The tables are cut to the words of both; the others keep their start."""
    student = fresh_student(prepared, config.student, TINY_ARCHITECTURE, 0)
    clean = prepared.lesson.texts
    alone = np.setdiff1d(np.arange(5000, 5100), clean.ids)[:3]
    ids = np.pad(clean.ids, ((0, 0), (0, 1)))  # longer than the clean ones
    ids[:, 1] = np.resize(alone, len(ids))
    lesson = replace(prepared.lesson, attacked=EncodedTexts(ids, clean.lengths + 1))
    before = student.get_input_embeddings().weight.detach().clone()
    distill(student, lesson, recipe_of(config.distill), seed=0)
    moved = (student.get_input_embeddings().weight != before).any(dim=1).numpy()
    used = np.zeros(len(before), dtype=bool)
    for texts in (clean.ids, ids):
        used[texts] = True
    assert not (moved & ~used).any()
    assert len(alone) == 3
    assert moved[alone].all()

"""Adversarial training: which texts are attacked, what is kept, and that it helps."""

from pathlib import Path

import numpy as np
import pytest
import torch
from heavy import TINY_ARCHITECTURE, tiny_config

from kdnas.attacks import Attacker, ModelVictim, Tokens
from kdnas.baselines import AdversarialRecipe, adversarial_examples, train_on_labels
from kdnas.config import Config
from kdnas.distill import distill
from kdnas.errors import UserError
from kdnas.evaluate import Prepared, prepare
from kdnas.records import TextOutcome
from kdnas.students import Student
from kdnas.tasks import Split
from kdnas.training import choose_device, encode

LENGTH = 32
RECIPE = AdversarialRecipe(learning_rate=2e-3, epochs=6)


@pytest.fixture(scope="module")
def config(tiny_teacher: Path) -> Config:
    return tiny_config(
        tiny_teacher,
        "teacher.epochs=25",
        "teacher.learning_rate=2e-3",
        "distill.epochs=15",
        "attack.spec=textattack",
        "attack.vocabulary=4000",
    )


@pytest.fixture(scope="module")
def prepared(config: Config) -> Prepared:
    return prepare(config)


@pytest.fixture(scope="module")
def attacker(prepared: Prepared) -> Attacker:
    return Attacker(prepared.spec)


@pytest.fixture
def student(config: Config, prepared: Prepared) -> Student:
    torch.manual_seed(0)
    student = Student(TINY_ARCHITECTURE, prepared.shape)
    texts = encode(prepared.tokenizer, prepared.task.train.texts, LENGTH)
    distill(student, texts, prepared.signals, config.distill, seed=0)
    return student


def victim_of(student: Student, prepared: Prepared) -> ModelVictim:
    tokens = Tokens(prepared.tokenizer, LENGTH)
    return ModelVictim(lambda ids, mask: student(ids, mask)[0], tokens, choose_device())


def test_what_fools_the_model_is_kept_with_its_true_label(attacker, prepared, student) -> None:
    victim, train = victim_of(student, prepared), prepared.task.train
    seen: list[TextOutcome] = []
    found = adversarial_examples(attacker, victim, train, 0.25, 0, seen.append)
    assert len(seen) == 40
    assert len(found) == sum(outcome.outcome == "succeeded" for outcome in seen) > 0
    assert set(found.texts).isdisjoint(train.texts)
    assert not (victim.logits(victim.encode(found.texts)).argmax(1) == np.array(found.labels)).any()


def test_a_weaker_attack_is_part_of_a_stronger_one(attacker, prepared, student) -> None:
    victim, train = victim_of(student, prepared), prepared.task.train

    def examples(fraction: float, seed: int = 0) -> set[str]:
        return set(adversarial_examples(attacker, victim, train, fraction, seed).texts)

    weak, strong = examples(0.2), examples(0.7)
    assert weak < strong
    assert examples(0.7, seed=1) != strong
    assert examples(0) == set()


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan")])
def test_a_strength_is_a_share(fraction: float, attacker, prepared, student) -> None:
    with pytest.raises(UserError, match="use 0 to 1"):
        adversarial_examples(
            attacker, victim_of(student, prepared), prepared.task.train, fraction, 0
        )


def test_a_trained_model_is_right_on_what_fooled_it(attacker, prepared, student) -> None:
    train = prepared.task.train
    fooled = adversarial_examples(attacker, victim_of(student, prepared), train, 0.5, 0)
    both = Split(train.texts + fooled.texts, train.labels + fooled.labels, "both")
    texts = encode(prepared.tokenizer, both.texts, LENGTH)
    train_on_labels(
        student, lambda ids, mask: student(ids, mask)[0], texts, both.labels, RECIPE, seed=0
    )
    victim = victim_of(student, prepared)
    right = victim.logits(victim.encode(fooled.texts)).argmax(1) == np.array(fooled.labels)
    assert right.mean() > 0.8  # it was none
    assert not student.training

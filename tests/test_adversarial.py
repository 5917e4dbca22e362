"""Adversarial training: which texts are attacked, what is kept, and that it helps."""

import numpy as np
import pytest
from heavy import TINY_ARCHITECTURE

from kdnas.attacks import Attacker, ModelVictim
from kdnas.augment import adversarial_examples, attacked_share, with_examples
from kdnas.config import Config
from kdnas.distillation import Lesson, distill, recipe_of
from kdnas.errors import UserError
from kdnas.evaluation import Prepared, fresh_student
from kdnas.records import TextOutcome
from kdnas.tasks import Split
from kdnas.training import encode

LENGTH = 32


SETTINGS = (
    "teacher.epochs=25",
    "teacher.learning_rate=2e-3",
    "distill.epochs=15",
    "distill.adversarial.epochs=6",
    "attack.textfooler.similarity=textattack",
    "attack.textfooler.vocabulary=4000",
)


@pytest.fixture(scope="module")
def attacker(prepared: Prepared) -> Attacker:
    return Attacker(prepared.spec)


@pytest.fixture
def student(config: Config, prepared: Prepared):
    student = fresh_student(prepared, config.student, TINY_ARCHITECTURE, seed=0)
    distill(student, prepared.lesson, recipe_of(config.distill), seed=0)
    return student


def victim_of(student, prepared: Prepared) -> ModelVictim:
    return ModelVictim.of_classifier(student, prepared.tokenizer, LENGTH)


def test_what_fools_the_model_is_kept_by_its_index(attacker, prepared, student) -> None:
    victim, train = victim_of(student, prepared), prepared.task.train
    seen: list[TextOutcome] = []
    chosen = attacked_share(len(train), 0.25, 0)
    found = adversarial_examples(attacker, victim, train, chosen, seen.append)
    assert len(seen) == len(chosen) == 40
    assert len(found) == sum(outcome.outcome == "succeeded" for outcome in seen) > 0
    assert set(found) <= set(chosen)
    assert all(train.texts[i] != text for i, text in found.items())
    labels = np.array([train.labels[i] for i in found])
    assert not (victim.logits(victim.encode(list(found.values()))).argmax(1) == labels).any()


def test_a_weaker_attack_is_part_of_a_stronger_one() -> None:
    weak, strong = attacked_share(100, 0.2, seed=0), attacked_share(100, 0.7, seed=0)
    assert set(weak) < set(strong)
    assert strong == sorted(strong)
    assert attacked_share(100, 0.7, seed=1) != strong
    assert attacked_share(100, 0, seed=0) == []
    assert attacked_share(100, 1, seed=0) == list(range(100))


def test_examples_stand_after_the_originals_with_their_labels() -> None:
    split = Split(("a", "b", "c"), (0, 1, 1), "somewhere")
    joined = with_examples(split, {0: "A", 2: "C"}, chosen=[1, 2])
    assert joined.texts == ("a", "b", "c", "C")
    assert joined.labels == (0, 1, 1, 1)


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan")])
def test_a_strength_is_a_share(fraction: float) -> None:
    with pytest.raises(UserError, match="use 0 to 1"):
        attacked_share(100, fraction, 0)


def test_a_trained_model_is_right_on_what_fooled_it(config, attacker, prepared, student) -> None:
    train = prepared.task.train
    chosen = attacked_share(len(train), 0.5, 0)
    fooled = adversarial_examples(attacker, victim_of(student, prepared), train, chosen)
    both = with_examples(train, fooled, chosen)
    texts = encode(prepared.tokenizer, both.texts, LENGTH)
    distill(student, Lesson(texts, both.labels), recipe_of(config.distill, "adversarial"), seed=0)
    victim = victim_of(student, prepared)
    added = slice(len(train), None)
    predicted = victim.logits(victim.encode(both.texts[added])).argmax(1)
    assert (predicted == np.array(both.labels[added])).mean() > 0.8  # it was right on none
    assert not student.training

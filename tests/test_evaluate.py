"""The evaluation of one student, end to end on real reviews with a tiny teacher."""

import math
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from heavy import TINY_ARCHITECTURE

from kdnas.config import Config, ConstraintSettings
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, prepare
from kdnas.evaluation.weights import keep_weights, save_weights, weights_path
from kdnas.records import AttackOutcome, Evaluation, Job, Measurement, Report, TextOutcome
from kdnas.space import count_flops, count_parameters
from kdnas.tasks import Split

JOB = Job(0, TINY_ARCHITECTURE, seed=3)


@pytest.fixture(scope="module")
def evaluator(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Evaluator:
    return Evaluator(config, tmp_path_factory.mktemp("students"))


@pytest.fixture(scope="module")
def evaluation(evaluator: Evaluator) -> Evaluation:
    found = evaluator(JOB)
    assert isinstance(found, Evaluation)
    return found


def timeless(evaluation: Evaluation) -> Evaluation:
    return replace(evaluation, train_seconds=0.0, attack_seconds=0.0)


def test_an_evaluation_has_counts_for_all_texts(
    evaluator: Evaluator, evaluation: Evaluation
) -> None:
    task, shape = evaluator.prepared.task, evaluator.prepared.shape
    assert evaluation.search.texts == len(task.search) == 40
    assert evaluation.search.attack.texts == len(evaluation.texts) == 6
    assert sum(evaluation.search.predicted) == 40
    assert evaluation.parameters == count_parameters(TINY_ARCHITECTURE, shape)
    tables = (shape.vocabulary + shape.positions + shape.segments + 2) * 32
    assert evaluation.block_parameters == evaluation.parameters - tables
    assert evaluation.flops == count_flops(TINY_ARCHITECTURE, shape, 32)
    assert np.isfinite(evaluation.loss)
    head = task.search.head(6)
    for outcome, label in zip(evaluation.texts, head.labels, strict=True):
        assert outcome.label == label
        assert (outcome.outcome == "skipped") == (outcome.predicted != label)


def test_equal_seeds_give_equal_evaluations(evaluator: Evaluator, evaluation: Evaluation) -> None:
    assert timeless(evaluator(JOB)) == timeless(evaluation)
    assert evaluator(replace(JOB, seed=4)).loss != evaluation.loss
    evaluator(JOB)  # the stored weights are those of JOB again


def test_a_report_uses_the_stored_weights_and_other_texts(
    evaluator: Evaluator, evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("trained again")

    with monkeypatch.context() as patch:
        patch.setattr(evaluator, "_trained", never)
        report = evaluator(replace(JOB, stage="report"))
    assert isinstance(report, Report)
    assert report.measurement.attack.texts == 4
    keep_weights(evaluator._folder, set())
    assert not weights_path(evaluator._folder, JOB).exists()
    again = evaluator(replace(JOB, stage="report"))
    assert again.measurement == report.measurement


def zeroed(whole: bytes) -> bytes:
    """As long as before, and with a sound header."""
    return whole[:-400] + bytes(400)


@pytest.mark.parametrize("damage", [lambda whole: b"damaged", lambda whole: whole[:-1], zeroed])
def test_damaged_weights_are_trained_again(
    evaluator: Evaluator, evaluation: Evaluation, damage: Callable[[bytes], bytes]
) -> None:
    job = replace(JOB, stage="report", weights=evaluation.weights)
    expected = evaluator(job).measurement
    path = weights_path(evaluator._folder, JOB)
    whole = path.read_bytes()
    assert sha256(whole).hexdigest() == evaluation.weights
    path.write_bytes(damage(whole))
    assert evaluator(job).measurement == expected
    assert path.read_bytes() == whole


def test_trials_have_weights_of_their_own(evaluator: Evaluator, evaluation: Evaluation) -> None:
    other = replace(JOB, seed=5, replicate=1)
    assert evaluator(other).weights != evaluation.weights
    assert weights_path(evaluator._folder, other) != weights_path(evaluator._folder, JOB)
    assert evaluator.stored(replace(JOB, weights=evaluation.weights)) is not None
    assert evaluator.stored(replace(other, weights=evaluation.weights)) is None


def test_predictions_are_those_that_were_counted(evaluation: Evaluation) -> None:
    found, measured = np.array(evaluation.predictions), evaluation.search
    assert tuple(np.bincount(found, minlength=2)) == measured.predicted
    assert [found[text.index] for text in evaluation.texts] == [
        text.predicted for text in evaluation.texts
    ]


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow over 1,000 bytes: a disk that is full, for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_weights_that_find_no_space_are_no_fault_of_the_student(
    evaluator: Evaluator, tmp_path: Path, small_files: None
) -> None:
    student = evaluator.student(JOB)
    with pytest.raises(UserError, match=r"cannot write .*\.safetensors: .*--resume"):
        save_weights(tmp_path, JOB, student)
    assert list(tmp_path.iterdir()) == []


def test_the_default_floor_lies_a_third_of_the_way_to_the_teacher(config: Config) -> None:
    prepared = prepare(config)
    majority, accuracy = prepared.majority_share, prepared.teacher_accuracy
    automatic = config.model_copy(
        update={"constraints": config.constraints.model_copy(update={"accuracy_floor": "auto"})}
    )
    expected = majority + max(accuracy - majority, 0) / 3
    assert prepared.floor(automatic) == pytest.approx(expected)
    assert prepared.floor(config) == 0


@pytest.mark.parametrize(
    ("margin", "refused"), [(-0.1, True), (0.0, True), (1.99, True), (2.01, False), (8.0, False)]
)
def test_a_teacher_within_two_errors_of_the_majority_is_refused(
    config: Config, margin: float, refused: bool
) -> None:
    """Of texts of which 60 % are of one class; `margin` is in standard errors."""
    labels = (0,) * 6000 + (1,) * 4000
    right = round(6000 + margin * math.sqrt(10_000 * 0.6 * 0.4))
    predicted = [*labels[:right], *(1 - label for label in labels[right:])]
    prepared = prepare(config)
    prepared = replace(
        prepared,
        task=replace(prepared.task, search=Split(("a text",) * 10_000, labels, "here")),
        search_logits=np.eye(2)[predicted],
    )
    assert prepared.teacher_accuracy == right / 10_000
    own = config.model_copy(update={"constraints": ConstraintSettings(accuracy_floor=0.3)})
    prepared.require_taught(own)
    automatic = config.model_copy(update={"constraints": ConstraintSettings()})
    if refused:
        with pytest.raises(UserError, match=r"the teacher has learned nothing: .* gives 60\.0 "):
            prepared.require_taught(automatic)
    else:
        prepared.require_taught(automatic)


def test_the_sentiment_task_checks_polarity(config: Config) -> None:
    assert prepare(config).spec.settings.polarity == "on"


def test_measurement_counts_by_true_and_predicted_class() -> None:
    split = Split(("a", "b", "c", "d"), (0, 1, 1, 2), "here")
    texts = [TextOutcome(0, 0, 0, "failed", 3, 0, 9), TextOutcome(1, 1, 0, "skipped", 3, 0, 1)]
    attack = AttackOutcome.of(texts, 3)
    found = Measurement.of(np.array(split.labels), np.array([0, 0, 1, 1]), 3, attack=attack)
    assert found.correct == (1, 1, 0)
    assert found.totals == (1, 2, 1)
    assert found.predicted == (2, 2, 0)
    assert found.attack.failed == (1, 0, 0)
    assert found.attack.skipped == (0, 1, 0)
    assert found.degenerate  # class 2 is never right

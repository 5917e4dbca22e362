"""The table of metrics, those of users, the paper's fitness, the accuracy floor."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from strategies import attacked_texts, evaluation_of
from toy_runs import toy_settings

from kdnas import registry
from kdnas.config import Config, load_config
from kdnas.errors import UserError
from kdnas.loop import run_search
from kdnas.metrics import (
    ACCURACY,
    METRICS,
    MILLIONS,
    PARAMETERS,
    ROBUSTNESS,
    SCORES,
    WORST_CLASS_ROBUSTNESS,
    Metric,
    Score,
    Weights,
    accuracy_floor,
    descriptions,
    fitness,
    metrics_of,
    standard_error,
    violation,
    with_values,
)
from kdnas.problems import TOY_SPACE, describe_toy, toy_evaluate
from kdnas.records import (
    AttackOutcome,
    Evaluate,
    Evaluation,
    EvaluationFailed,
    Failure,
    Job,
    Measurement,
    Report,
    Result,
)
from kdnas.runs import Archive
from kdnas.workers import Inline


def evaluation(
    *, right=(40, 36), texts=(50, 50), predicted=None, held=(10, 6), parameters=5_000_000
) -> Evaluation:
    """A student on two classes whose attack saw all texts."""
    predicted = predicted or (right[0] + texts[1] - right[1], right[1] + texts[0] - right[0])
    skipped = tuple(n - r for n, r in zip(texts, right, strict=True))
    flipped = tuple(r - h for r, h in zip(right, held, strict=True))
    attack = AttackOutcome(skipped, flipped, held)
    return Evaluation(
        parameters, parameters // 4, 10**9, Measurement(right, texts, predicted, attack)
    )


CONSTANT = {"right": (50, 0), "predicted": (100, 0), "held": (50, 0), "parameters": 4_023_426}
"""The student that always gives the same answer, at the smallest size."""


def test_fitness_by_hand():
    """76 % right, 16 % under attack, 5 M parameters: 76 + 16 - 10."""
    assert fitness(evaluation()) == pytest.approx(82)


def test_fitness_of_published_rows():
    """RoSearch on SST-2 (84.1, 45.8, 24 M) and BERT (92.3, 12.4, 110 M), Guo 2021, table 5."""
    for right, held, parameters, points in [
        (841, 458, 24_000_000, 81.9),
        (923, 124, 110_000_000, -115.3),
    ]:
        row = evaluation(right=(right,), texts=(1000,), held=(held,), parameters=parameters,
                         predicted=(1000,))  # fmt: skip
        assert fitness(row) == pytest.approx(points)


def test_weights_and_the_parameters_they_count():
    student = evaluation()
    assert fitness(student, Weights(0, 1, 0)) == pytest.approx(16)
    assert fitness(student, Weights(1, 0, 0)) == pytest.approx(76)
    assert fitness(student, Weights(0, 0, 1)) == pytest.approx(-5)
    assert fitness(student, Weights(count="blocks")) == pytest.approx(76 + 16 - 2 * 1.25)


def test_a_constant_answer_beats_an_honest_student_by_the_printed_fitness():
    """Which is why there is a floor."""
    constant = evaluation(**CONSTANT)
    assert fitness(constant) == pytest.approx(50 + 50 - 2 * 4.023426)
    assert fitness(constant) > fitness(evaluation())
    floor = accuracy_floor(0.5, 0.83)
    assert violation(constant, floor) > 0 >= violation(evaluation(), floor)


@pytest.mark.parametrize(
    ("majority", "teacher", "floor"), [(0.5, 0.8, 0.6), (0.25, 0.94, 0.48), (0.5, 0.4, 0.5)]
)
def test_the_default_floor(majority, teacher, floor):
    assert accuracy_floor(majority, teacher) == pytest.approx(floor)


def test_violation_is_the_gap_to_the_floor():
    assert violation(evaluation(), 0.8) == pytest.approx(0.04)
    assert violation(evaluation(), 0.76) == pytest.approx(0)
    assert violation(evaluation(), 0.7) == pytest.approx(-0.06)


def test_a_degenerate_student_violates_every_floor_but_none():
    constant = evaluation(**CONSTANT)
    assert constant.search.degenerate
    assert violation(constant, 0.3) == pytest.approx(0.05)
    assert violation(constant, 0.9) == pytest.approx(0.4), "the larger of the two"
    assert violation(constant, 0) <= 0, "a floor of 0 is the literal paper"


def test_standard_error():
    assert standard_error(0.5, 400) == pytest.approx(0.025)
    assert standard_error(0.0, 400) == standard_error(1.0, 400) == 0
    assert standard_error(0.5, 0) != standard_error(0.5, 0), "undefined without texts: not a number"


# The table


@given(attacked_texts())
def test_every_metric_reads_what_it_is_called(texts):
    student = evaluation_of(texts, loss=0.5, train_seconds=40.0, attack_seconds=20.0)
    search, attack = student.search, student.search.attack
    expected = {
        "accuracy": search.accuracy,
        "robustness": search.robustness,
        "worst_class_accuracy": search.worst_class_accuracy,
        "worst_class_robustness": search.worst_class_robustness,
        "score": search.accuracy,
        "accuracy_se": standard_error(search.accuracy, search.texts),
        "robustness_se": standard_error(search.robustness, attack.texts),
        "texts": search.texts,
        "attacked": attack.texts,
        "success_rate": attack.success_rate,
        "queries": attack.mean_queries,
        "words_changed": attack.mean_changed_share,
        "degenerate": search.degenerate,
        "parameters": 4_023_426,
        "block_parameters": 55_000,
        "flops": 10**9,
        "loss": 0.5,
        "train_seconds": 40.0,
        "attack_seconds": 20.0,
    }
    read = {name: metric.value(student) for name, metric in METRICS.items()}
    assert list(read) == list(expected)
    assert read == pytest.approx(expected, nan_ok=True)
    assert {s.name: s.of(search) for s in SCORES} == {s.name: read[s.name] for s in SCORES}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_gain_is_larger_where_a_student_is_better(metric):
    student = evaluation()
    if metric.maximise is None:
        with pytest.raises(ValueError, match=f"neither more nor less of {metric.name} is better"):
            metric.gain(student)
        return
    low, high = (replace(metric, read=lambda _, v=v: v) if not isinstance(metric, Score)
                 else replace(metric, of=lambda _, v=v: v) for v in (1.0, 2.0))  # fmt: skip
    assert (high.gain(student) > low.gain(student)) == metric.maximise


def test_readers_see_points_and_millions():
    student = evaluation()
    assert ACCURACY.written_of(student.search) == "76.0 ± 4.3"
    assert ACCURACY.written(student) == "76.0"
    assert WORST_CLASS_ROBUSTNESS.written_of(student.search) == "12.0"
    assert (PARAMETERS.written(student), PARAMETERS.header) == ("5.00", "parameters M")
    assert METRICS["flops"].written(student) == "1000.0"
    assert (ROBUSTNESS.header, ROBUSTNESS.axis) == ("robustness", "accuracy under attack (%)")
    assert METRICS["words_changed"].header == "words changed %"


# Metrics of users


@pytest.fixture
def added(monkeypatch):
    """The registry, which forgets what the test has added."""
    monkeypatch.setattr(METRICS, "_parts", dict(METRICS))
    monkeypatch.setattr(registry, "_sources", {})
    return METRICS


def tables(limit: float | None = None) -> Metric:
    """Parameters of the embedding tables."""
    read = lambda e: e.parameters - e.block_parameters  # noqa: E731
    return Metric("tables", read, maximise=False, unit=MILLIONS, limit=limit)


MODULE = """
from kdnas.metrics import MILLIONS, Metric

TABLES = Metric("tables", lambda e: e.parameters - e.block_parameters, False, unit=MILLIONS)
"""


def configured(*names: str) -> Config:
    return load_config(overrides=[f"search.objectives={json.dumps(names)}"])


def searched(config: Config, folder: Path, evaluate: Evaluate = toy_evaluate) -> list[Result]:
    """The results of a short search on the toy problem, as they are recorded."""
    settings = toy_settings("nsga2", evaluations=24, objectives=config.search.objectives)
    results: list[Result] = []
    with Archive.create(folder / "archive.sqlite", synchronous="OFF") as archive:
        describe_toy(archive)
        run_search(
            Config(space=TOY_SPACE, search=settings), archive, Inline(evaluate), floor=0.0,
            accept=lambda arch: True, progress=lambda birth, done: results.append(done.result),
        )  # fmt: skip
    return results


def test_a_metric_that_is_added_is_an_objective(added, tmp_path):
    added.add("tables", tables())
    results = searched(configured("accuracy", "tables"), tmp_path)
    assert len(results) == 24
    for result in results:
        assert result.values == {"tables": result.parameters - result.block_parameters}


def test_a_metric_of_a_module_is_named_in_the_settings(added, tmp_path, monkeypatch):
    (tmp_path / "my_metrics.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    config = configured("accuracy", "my_metrics:TABLES")
    (_, metric) = metrics_of(config.search.objectives)
    assert (metric.name, metric.maximise) == ("tables", False)
    assert [source.module for source in registry.sources()] == ["my_metrics"]
    monkeypatch.delitem(sys.modules, "my_metrics")


def test_an_archive_is_read_without_the_code_of_its_metrics(added):
    added.add("tables", tables(limit=7e6))
    recorded = with_values(evaluation(), metrics_of(["tables"]))
    described = json.loads(json.dumps(descriptions(["accuracy", "tables"])))
    del added._parts["tables"]
    accuracy, metric = metrics_of(["accuracy", "tables"], described)
    assert accuracy is ACCURACY
    assert metric.value(recorded) == recorded.parameters - recorded.block_parameters
    assert replace(metric, read=None) == replace(tables(limit=7e6), read=None)
    with pytest.raises(UserError, match="no values of metric tables are recorded"):
        metric.value(evaluation())
    with pytest.raises(UserError, match="no metric 'tables'"):
        metrics_of(["tables"])


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if m.maximise is None])
def test_only_a_metric_with_a_better_direction_is_an_objective(name):
    with pytest.raises(UserError, match=r"nor less of it is better; there are accuracy, robust"):
        configured("accuracy", name)


@pytest.mark.parametrize("name", [n for n, m in METRICS.items() if m.maximise is not None])
def test_every_metric_with_a_better_direction_can_be_searched_by(name, tmp_path):
    results = searched(configured(name), tmp_path)
    assert len(results) == 24
    assert all(isinstance(result, Evaluation) for result in results)


@pytest.mark.parametrize("name", ["accuracy", "tables"])
def test_records_call_no_two_objectives_the_same(added, name):
    added.add("tables", tables())
    added.add("mine", replace(tables(), name=name))
    with pytest.raises(
        UserError, match=f"search.objectives = mine: its metric's name {name} is taken"
    ):
        metrics_of(["tables", "mine"])


def test_a_metric_below_zero_is_refused(added, tmp_path):
    added.add("mine", replace(tables(), name="mine", read=lambda e: -1.0))
    with pytest.raises(UserError, match=r"metric mine is -1.0: shift it"):
        searched(configured("accuracy", "mine"), tmp_path)


# What has to be a finite number


def always(value: float) -> Metric:
    return Metric("latency", lambda _: value, maximise=False)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_metric_that_is_not_chosen_changes_nothing(added, tmp_path, value):
    before = searched(configured("accuracy", "parameters"), tmp_path / "before")
    added.add("latency", always(value))
    assert searched(configured("accuracy", "parameters"), tmp_path / "after") == before


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(
    "name", [*(n for n, m in METRICS.items() if m.maximise is not None), "latency"]
)
def test_a_chosen_metric_that_is_not_finite_fails_the_student_by_name(added, value, name):
    added.add("latency", always(value))
    metric = added[name]
    broken = replace(metric, **({"of" if isinstance(metric, Score) else "read": lambda _: value}))
    with pytest.raises(EvaluationFailed) as raised:
        with_values(evaluation(), [broken])
    assert raised.value.failure == Failure("non_finite", f"{name} is {value}")


@pytest.mark.parametrize("name", ["parameters", "block_parameters", "flops"])
@pytest.mark.parametrize("value", [math.nan, math.inf, 2.5, 3.0, -1, 2**63])
def test_a_size_that_is_no_count_fails_the_student_and_not_the_search(tmp_path, name, value):
    def evaluate(job: Job) -> Evaluation | Report:
        return replace(toy_evaluate(job), **({name: value} if job.birth == 3 else {}))

    results = searched(configured("accuracy"), tmp_path, evaluate)
    assert isinstance(results[3], Failure)
    assert results[3].kind == "non_finite"
    assert results[3].message.startswith(f"{name} is ")
    assert sum(isinstance(result, Failure) for result in results) == 1


@pytest.mark.parametrize("name", ["loss", "parameters"])
def test_a_search_records_such_a_student_as_failed(tmp_path, name):
    def evaluate(job: Job) -> Evaluation | Report:
        return replace(toy_evaluate(job), **({name: math.nan} if job.birth == 3 else {}))

    results = searched(configured("accuracy", name), tmp_path / "chosen", evaluate)
    assert results[3] == Failure("non_finite", f"{name} is nan")
    assert sum(isinstance(result, Failure) for result in results) == 1
    others = searched(configured("accuracy"), tmp_path / "not", evaluate)
    assert isinstance(others[3], Failure) == (name == "parameters"), "the fitness is made of it"


def test_a_measurement_of_nothing_is_a_failure(tmp_path):
    def evaluate(job: Job) -> Evaluation | Report:
        whole = toy_evaluate(job)
        empty = replace(whole.search, totals=(0, 0))
        return replace(whole, search=empty) if job.birth == 3 else whole

    results = searched(configured("accuracy"), tmp_path, evaluate)
    assert results[3] == Failure("exception", "ZeroDivisionError: division by zero")

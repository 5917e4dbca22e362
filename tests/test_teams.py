"""Teams: several teachers of one student, made once, and how often each is drawn."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from every_student import STUDENTS, TEXTS, a_lesson, a_step
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from test_chains import evaluated, untrained, with_method

from kdnas.config import Config, DistillSettings, load_config
from kdnas.distillation import (
    TEAM_LOGITS,
    Lesson,
    Stage,
    Term,
    chain_of,
    distill,
    hard,
    rank_shares,
    recipe_of,
    schedule_of,
    teach,
)
from kdnas.errors import UserError
from kdnas.estimate import estimate_run
from kdnas.evaluation import prepare
from kdnas.methods import METHODS, Member, Team
from kdnas.teachers import Teacher, taught_team, teacher_signals

SETTINGS = ("teacher.epochs=3",)
ALONE: dict[str, Any] = {"depths": ("all",), "seeds": (0,)}
TEAMS = {"skd": {"depths": (1, "all")}, "mt-bert": {"seeds": (1,)}}


def settings_of(method: str, **own: Any) -> DistillSettings:
    common: dict[str, Any] = {"epochs": 2, "learning_rate": 1e-3, "batch_size": 6}
    return DistillSettings(**common, **{method: own})


def a_team(*answers: np.ndarray, classes: int = 3) -> Lesson:
    """A lesson of teachers that say this, (texts, classes) each."""
    lesson, _ = a_lesson(classes)
    signals = {"logits": lesson.signals["logits"], TEAM_LOGITS: np.stack(answers, axis=1)}
    return replace(lesson, signals=signals)


def taught(lesson: Lesson, method: str, **own: Any) -> dict[str, torch.Tensor]:
    """The weights of a student of the whole method, and its loss."""
    settings = settings_of(method, **own)
    chain = chain_of(settings, method)
    recipe = recipe_of(settings, method)
    student, loss = teach(lambda seed: STUDENTS["of the space"](3), lesson, recipe, 5, chain)
    return {"loss": torch.tensor(loss), **student.state_dict()}


def equal(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, others[name]) for name, value in some.items())


def drawn(lesson: Lesson, seed: int, epochs: int = 40) -> list[int]:
    """Which teacher each step of a training has."""
    seen: list[int] = []

    def term(step: Any) -> torch.Tensor:
        seen.append(step.member)
        return hard(step)

    schedule = replace(schedule_of(DistillSettings()), epochs=epochs, batch_size=1)
    distill(STUDENTS["cells"](3), lesson, [Stage((Term(term),), schedule)], seed)
    return seen


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9))
def test_shares_by_rank_are_of_sum_one_and_grow_with_the_score(scores: list[float]) -> None:
    shares, n = rank_shares(scores), len(scores)
    assert sum(shares) == pytest.approx(1)
    for i in range(n):
        below = sum(other < scores[i] for other in scores)
        equals = sum(other == scores[i] for other in scores)
        assert shares[i] == pytest.approx((below + (equals + 1) / 2) / (n * (n + 1) / 2))


@pytest.mark.parametrize("shares", [(), (0.6, 0.3, 0.1)])
def test_teachers_are_drawn_as_often_as_their_shares_say(shares: tuple[float, ...]) -> None:
    lesson = replace(a_lesson(3)[0], shares=shares)
    found = drawn(lesson, seed=1)
    expected = np.array(shares or (1 / 3, 1 / 3, 1 / 3)) * len(found)
    assert len(found) == 40 * TEXTS
    assert chisquare(np.bincount(found, minlength=3), expected).pvalue > 0.001
    unequal = np.array([0.5, 0.3, 0.2]) * len(found)
    assert chisquare(np.bincount(found, minlength=3), unequal).pvalue < 0.001


def test_a_seed_decides_the_sequence_of_teachers() -> None:
    lesson = a_lesson(3)[0]
    assert drawn(lesson, 1, epochs=2) == drawn(lesson, 1, epochs=2) != drawn(lesson, 2, epochs=2)
    assert 0.0 not in np.bincount(drawn(lesson, 1, epochs=2), minlength=3)
    never = replace(lesson, shares=(0.5, 0.0, 0.5))
    assert set(drawn(never, 1, epochs=2)) == {0, 2}


@pytest.mark.parametrize("sampling", ["uniform", "student-rank"])
def test_a_team_of_one_is_kd_to_the_last_digit(sampling: str) -> None:
    answers = a_lesson(3)[0].signals["logits"]
    own = {"share": 0.3, "temperature": 4.0}
    kd = taught(a_team(answers), "kd", **own)
    assert equal(taught(a_team(answers), "skd", sampling=sampling, **own), kd)
    assert not equal(taught(a_team(answers, -answers), "skd", sampling=sampling, **own), kd)


def test_equal_teachers_are_one() -> None:
    answers = a_lesson(3)[0].signals["logits"]
    assert equal(taught(a_team(answers, answers), "skd"), taught(a_team(answers), "kd"))


def test_only_the_teacher_of_the_step_is_heard() -> None:
    """Other answers of teachers with share 0 change nothing."""
    lesson = replace(a_lesson(3)[0], shares=(0.0, 1.0, 0.0))
    other = lesson.signals[TEAM_LOGITS].copy()
    other[:, [0, 2]] *= -1
    changed = replace(lesson, signals={**lesson.signals, TEAM_LOGITS: other})
    recipe = recipe_of(settings_of("skd"), "skd")
    losses = [distill(STUDENTS["cells"](3), each, recipe, 0) for each in (lesson, changed)]
    assert losses[0] == losses[1]
    unlike = replace(changed, shares=())
    assert distill(STUDENTS["cells"](3), unlike, recipe, 0) != losses[0]


def test_teachers_are_ranked_by_their_own_score() -> None:
    lesson = a_lesson(3)[0]
    ranked = taught(lesson, "skd", sampling="teacher-rank")
    settings = settings_of("skd")
    student = STUDENTS["of the space"](3)
    fixed = replace(lesson, shares=(1 / 6, 3 / 6, 2 / 6))  # scores 0.6, 0.9 and 0.7
    loss = distill(student, fixed, recipe_of(settings, "skd"), 5)
    assert equal({"loss": torch.tensor(loss), **student.state_dict()}, ranked)


def test_teachers_are_ranked_by_the_students_that_they_alone_have_taught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kdnas.distillation import generations

    lesson = a_lesson(3)[0]
    truth = 6 * torch.nn.functional.one_hot(lesson.truth, 3).numpy().astype(np.float32)
    shares: list[tuple[float, ...]] = []

    def noted(student: Any, lesson: Lesson, *others: Any) -> float:
        shares.append(lesson.shares)
        return distill(student, lesson, *others)

    monkeypatch.setattr(generations, "distill", noted)
    taught(
        a_team(-truth, truth, 0 * truth), "skd", sampling="student-rank", share=1.0, temperature=1.0
    )
    assert shares == [(1 / 6, 3 / 6, 2 / 6)]


@pytest.mark.parametrize("classes", [3, 1])
def test_mt_bert_is_its_formula(classes: int) -> None:
    lesson = a_lesson(classes)[0]
    step = a_step(STUDENTS["cells"](classes).eval(), lesson)
    (term,) = recipe_of(settings_of("mt-bert", temperature=3.0), "mt-bert")[0].terms
    own, team = step.logits.detach().double(), step.signal(TEAM_LOGITS).double()
    total = 0.0
    for text, y in enumerate(lesson.labels):
        for teacher in team[text]:
            if classes == 1:
                loss, wrong = (own[text] - teacher).item() ** 2, (teacher.item() - y) ** 2
            else:
                p, q = (z.div(3).softmax(0).numpy() for z in (teacher, own[text]))
                loss, wrong = -(p * np.log(q)).sum(), -teacher.log_softmax(0)[int(y)].item()
            total += loss / (1 + wrong)
    assert term.weighted(step, None).item() == pytest.approx(total / TEXTS, rel=1e-5)


def test_teams_are_values() -> None:
    chains = {name: METHODS[name].chain(METHODS[name].settings()) for name in METHODS}
    teams = {name: chain.team for name, chain in chains.items() if chain.team}
    members = tuple(Member(depth, seed) for depth in ("half", "all") for seed in (0, 1))
    assert teams["skd"] == Team(members, "uniform")
    assert teams["mt-bert"] == Team(members)
    assert chains["skd"].trainings == chains["kd"].trainings == 1
    assert chain_of(settings_of("skd", sampling="student-rank"), "skd").trainings == 5
    assert chains["autoskd"].trainings == 7


@pytest.mark.parametrize("method", TEAMS)
def test_a_run_trains_its_team_once_before_its_workers(
    method: str, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, stages = with_method(config, method, **TEAMS[method]), []
    first = prepare(own, stages.append)
    assert stages == ["data", "teacher", "team", "signals"]
    untrained(monkeypatch)
    again = evaluated(own, tmp_path / "students")  # as a worker does, which prepares too
    assert np.isfinite(again.loss)
    members = chain_of(own.distill).team.members
    answers = first.lesson.signals[TEAM_LOGITS]
    assert answers.shape == (len(first.task.train), len(members), 2)
    assert len({answers[:, i].tobytes() for i in range(len(members))}) == len(members)


def test_a_run_with_a_team_of_its_teacher_is_one_of_kd(config: Config, tmp_path: Path) -> None:
    kd = evaluated(with_method(config, "kd"), tmp_path / "kd")
    alone = with_method(config, "skd", **ALONE)
    assert evaluated(alone, tmp_path / "alone") == kd
    ranked = with_method(config, "skd", sampling="teacher-rank", **ALONE)
    assert evaluated(ranked, tmp_path / "ranked") == kd
    assert evaluated(with_method(config, "skd", depths=(1, "all")), tmp_path / "usual") != kd


@pytest.mark.parametrize("method", ["skd", "autoskd"])
def test_a_dry_run_times_a_team(method: str, config: Config) -> None:
    seconds = [estimate_run(with_method(config, name)).train_seconds for name in ("kd", method)]
    assert 0 < seconds[1] < 100 * seconds[0]


def test_a_finished_model_may_be_of_a_team(config: Config, teacher: Teacher, task) -> None:
    own = with_method(config, "skd", folders=(str(teacher.folder),), **ALONE)
    members = taught_team(config.teacher, teacher, task, chain_of(own.distill).team)
    assert members[0] == teacher
    trained, taken = (
        teacher_signals(config.teacher, each, task, ["logits"])["logits"] for each in members
    )
    assert np.allclose(trained, taken, atol=1e-6)
    signals = prepare(with_method(own, "skd", sampling="teacher-rank")).lesson.signals
    assert signals["team_scores"].shape == (4,)
    assert ((signals["team_scores"] > 0) & (signals["team_scores"] <= 1)).all()


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"depths": (1, 3)}, r"a team has a teacher of 3 layers, and .* has 2: name 1 to 2 layers"),
        ({"folders": ("/nowhere",)}, r"a team has the model /nowhere, and there is no such folder"),
    ],
)
def test_a_teacher_that_cannot_be_is_refused_before_any_training(
    own: dict[str, Any], message: str, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    untrained(monkeypatch)
    stages: list[str] = []
    with pytest.raises(UserError, match=message) as caught:
        prepare(with_method(config, "mt-bert", **own), stages.append)
    assert "\n" not in str(caught.value)
    assert stages == ["data"]


def test_a_team_of_none_is_refused_in_one_line() -> None:
    message = r"a team without a teacher: name depths or models and seeds, or folders"
    with pytest.raises(UserError, match=message) as caught:
        load_config(overrides=["distill.skd.seeds=[]"])
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match=r"distill\.skd\.depths\.0"):
        load_config(overrides=["distill.skd.depths=[0]"])


def test_a_comparison_trains_by_a_team(config: Config, tmp_path: Path) -> None:
    from heavy import TINY_ARCHITECTURE

    from kdnas.comparison import TEACHER, Model
    from kdnas.comparison.folder import ModelFolder
    from kdnas.comparison.trainer import Trainer
    from kdnas.training import choose_device

    prepared = prepare(config)
    folder = ModelFolder(tmp_path, prepared.tokenizer, config.student.max_length, choose_device())
    values = with_method(with_method(config, "skd", sampling="student-rank"), "kd")
    train = Trainer(values, prepared, folder)
    losses = set()
    for method in ("kd", "skd", "mt-bert"):
        model = Model(method, 1, "searched", method, TEACHER, TINY_ARCHITECTURE.to_json())
        losses.add(train(model, prepared.task, 0).loss)
    assert len(losses) == 3

"""AutoSKDBERT: shares of a team's teachers that are learned in two phases."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from every_student import STUDENTS, a_lesson
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from kdnas.config import DistillSettings, load_config
from kdnas.distillation import (
    TEAM_LOGITS,
    Lesson,
    chain_of,
    learned_shares,
    recipe_of,
    teach,
)
from kdnas.distillation.team_weights import Learning, TeamWeights, handed_on, selected
from kdnas.distillation.unrolled import agreement
from kdnas.errors import UserError
from kdnas.training import EncodedTexts, Schedule

COMMON: dict[str, Any] = {"epochs": 6, "learning_rate": 5e-4, "batch_size": 10}
UPDATES = ["unrolled", "reward"]


def learned(
    lesson: Lesson, seed: int, monkeypatch: pytest.MonkeyPatch, **own: Any
) -> tuple[Any, list[list[int]], list[np.ndarray]]:
    """What the phases come to, the teachers of each, and theta after every step."""
    phases: list[Learning] = []
    thetas: list[np.ndarray] = []
    begin, step = Learning.__init__, TeamWeights.raise_by

    def begun(self: Learning, *given: Any) -> None:
        begin(self, *given)
        phases.append(self)
        thetas.append(self.weights.theta.detach().numpy().copy())

    def moved(self: TeamWeights, member: int, gain: float) -> None:
        step(self, member, gain)
        thetas.append(self.theta.detach().numpy().copy())

    monkeypatch.setattr(Learning, "__init__", begun)
    monkeypatch.setattr(TeamWeights, "raise_by", moved)
    settings = DistillSettings(**COMMON, autoskd=own)
    team = chain_of(settings, "autoskd").team
    assert team is not None

    def make(own: int) -> Any:
        torch.manual_seed(own)
        student = STUDENTS["of the space"](3)
        student.apply(lambda m: getattr(m, "reset_parameters", lambda: None)())
        return student

    recipe = recipe_of(settings, "autoskd")
    found = learned_shares(make, lesson, recipe, seed, team.sampling)
    monkeypatch.undo()
    return found, [phase.drawn for phase in phases], thetas


def planted(seed: int, *kinds: str, texts: int = 300) -> Lesson:
    """Teachers that know the true classes, which one token tells, or say anything."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, texts)
    ids = rng.integers(10, 50, (texts, 8)).astype(np.int32)
    ids[:, 3] = truth + 1
    shares = 4 * np.eye(3, dtype=np.float32)
    says = {"good": shares[truth], "random": shares[rng.integers(0, 3, texts)]}
    signals = {TEAM_LOGITS: np.stack([says[kind] for kind in kinds], axis=1)}
    return Lesson(EncodedTexts(ids, np.full(texts, 8)), truth.tolist(), signals)


@pytest.mark.parametrize("update", UPDATES)
def test_a_step_moves_the_weight_of_its_teacher_alone(
    update: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = planted(0, "good", "random", "good", texts=60)
    found, (first, second), thetas = learned(lesson, 0, monkeypatch, update=update, keep=3)
    per_phase = len(thetas) // 2
    for drawn, some in ((first, thetas[:per_phase]), (second, thetas[per_phase:])):
        assert len(drawn) == len(some) - 1
        for member, before, after in zip(drawn[1:], some[1:], some[2:], strict=False):
            assert np.flatnonzero(before != after).tolist() == [member]
        assert (some[0] == some[1]).all()  # the first gain is what is usual
        assert all(
            np.exp(theta - np.logaddexp.reduce(theta)).sum() == pytest.approx(1) for theta in some
        )
    assert found.kept == (0, 1, 2)
    assert found.moved == pytest.approx(0, abs=1e-12)
    assert sum(found.shares) == pytest.approx(1)


@pytest.mark.parametrize("update", UPDATES)
def test_a_random_teacher_ends_lowest_and_equal_ones_are_not_told_apart(
    update: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = []
    for seed in range(5):
        lesson = planted(seed, "good", "random", "good")
        found, _, _ = learned(lesson, seed, monkeypatch, update=update, keep=3)
        shares.append(found.shares)
    lowest = [int(np.argmin(each)) for each in shares]
    assert lowest == [1] * 5, shares
    apart = np.array([first - last for first, _, last in shares])
    error = apart.std(ddof=1) / 5**0.5
    assert abs(apart.mean()) < 2.776 * error  # of t with 4 degrees of freedom


@pytest.mark.parametrize("update", UPDATES)
def test_the_second_phase_never_draws_who_was_discarded(
    update: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson = planted(1, "good", "random", "good")
    found, (first, second), thetas = learned(lesson, 1, monkeypatch, update=update, keep=2)
    assert set(first) == {0, 1, 2}
    assert set(second) == {0, 1}  # numbers among the kept
    assert len(thetas[-1]) == 2
    assert found.kept == (0, 2)
    assert found.shares[1] == 0
    assert sum(found.shares) == pytest.approx(1)
    assert 0 < found.moved < 1 / 3


def test_a_seed_decides_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = planted(0, "good", "random", texts=60)
    runs = [learned(lesson, seed, monkeypatch)[:2] for seed in (3, 3, 4)]
    assert runs[0] == runs[1] != runs[2]


def test_teachers_are_drawn_by_the_weights_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a rate of nearly nothing the shares stay equal."""
    lesson = planted(0, "good", "random", "good")
    _, (first, second), _ = learned(lesson, 0, monkeypatch, rate=1e-12, keep=3)
    assert chisquare(np.bincount(first + second, minlength=3)).pvalue > 0.001


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=8), st.data())
def test_what_the_discarded_had_goes_to_the_kept(numbers: list[float], data: Any) -> None:
    shares = np.array(numbers) / sum(numbers)
    keep = data.draw(st.none() | st.integers(1, len(numbers)))
    kept = selected(shares, keep)
    assert kept == tuple(sorted(set(kept)))
    others = [share for i, share in enumerate(shares) if i not in kept]
    if keep is None:
        assert all(shares[i] >= 1 / len(shares) - 1e-9 for i in kept)
        assert all(share < 1 / len(shares) for share in others)
    else:
        assert len(kept) == keep
        assert max(others, default=0.0) <= min(shares[i] for i in kept)
    for moved in ("proportional", "equal"):
        found = handed_on(shares, kept, moved)
        assert found.sum() == pytest.approx(1)
        assert (found >= shares[list(kept)] - 1e-12).all()
    added = handed_on(shares, kept, "equal") - shares[list(kept)]
    assert np.allclose(added, sum(others) / len(kept))
    ratios = handed_on(shares, kept, "proportional") / shares[list(kept)]
    assert np.allclose(ratios, ratios[0])


def test_agreement_is_the_derivative_of_the_held_out_loss() -> None:
    """Xi <grad L_val(w - xi g), g> is minus the change of L_val with the length of the step."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3)
    ).double()
    x, y = torch.randn(2, 6, 4, dtype=torch.float64), torch.randint(0, 3, (2, 6))
    before = [p.detach().clone() for p in model.parameters()]

    def loss(part: int) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(model(x[part]), y[part])

    xi = 0.3
    own = loss(0)
    found = agreement(model, own, lambda: loss(1), Schedule(xi))
    own.backward()  # its graph has not noticed
    assert all(torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))
    gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]

    def there(length: float) -> float:
        with torch.no_grad():
            for p, old, g in zip(model.parameters(), before, gradients, strict=True):
                p.copy_(old - length * xi * g)
            return loss(1).item()

    assert found == pytest.approx(-(there(1 + 1e-5) - there(1 - 1e-5)) / 2e-5, rel=1e-6)


def test_weights_that_are_not_drawn_keep_their_moments() -> None:
    weights = TeamWeights([0.2, 0.3, 0.5], 0.1)
    assert weights.shares.tolist() == pytest.approx([0.2, 0.3, 0.5])
    weights.raise_by(0, 1.0)
    after = weights.theta.detach().numpy().copy()
    assert after[0] > np.log(0.2)
    for _ in range(3):
        weights.raise_by(1, -1.0)
    assert weights.theta.detach().numpy()[[0, 2]].tolist() == after[[0, 2]].tolist()
    assert weights.theta.detach().numpy()[1] < np.log(0.3)


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
@pytest.mark.parametrize("kind", STUDENTS)
def test_every_student_finds_shares_and_then_learns_by_them(
    kind: str, classes: int, update: str
) -> None:
    settings = DistillSettings(
        epochs=1, learning_rate=1e-3, batch_size=12, autoskd={"update": update}
    )
    chain, recipe = chain_of(settings, "autoskd"), recipe_of(settings, "autoskd")
    made: list[Any] = []

    def make(seed: int) -> Any:
        made.append(STUDENTS[kind](classes))
        return made[-1]

    lesson = replace(a_lesson(classes)[0], attacked=None)
    student, loss = teach(make, lesson, recipe, 3, chain)
    assert np.isfinite(loss)
    assert student is made[-1]
    assert len(made) == 2
    shares = student.config.team_shares
    assert len(shares) == 3
    assert sum(shares) == pytest.approx(1)
    fresh = STUDENTS[kind](classes)
    skd = chain_of(settings, "skd")
    again, other = teach(lambda seed: fresh, replace(lesson, shares=tuple(shares)), recipe, 3, skd)
    assert other == loss  # SKD with those shares from a fresh student
    assert all(
        torch.equal(p, q) for p, q in zip(again.parameters(), student.parameters(), strict=True)
    )


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["depths=[1]", "seeds=[0]"],
            "a team of one leaves nothing to weigh: name two teachers or",
        ),
        (["keep=5"], "keep 5 is more than the 4 teachers of the team"),
        (["held_out=1.0"], "held_out 1 leaves no text to learn from"),
    ],
)
def test_what_leaves_nothing_to_learn_is_refused_in_one_line(
    overrides: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message) as caught:
        load_config(overrides=[f"distill.autoskd.{each}" for each in overrides])
    assert "\n" not in str(caught.value)

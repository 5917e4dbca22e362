"""Methods against their formulas, and the limits in which one is another, to the last digit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from every_student import LAYERS, STUDENTS, WIDTH, a_bert, a_lesson, a_step
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from kdnas.config import DistillSettings, load_config
from kdnas.distillation import (
    Recipe,
    Sizes,
    Step,
    attended_loss,
    bucketed_layers,
    distill,
    kd_loss,
    layer_attention,
    needs_of,
    patient_loss,
    recipe_of,
    smoothed_loss,
)
from kdnas.distillation.buckets import RULES
from kdnas.distillation.recipes.annealing import annealing_factor
from kdnas.distillation.recipes.teacher_free import virtual_logits
from kdnas.errors import UserError
from kdnas.methods import METHODS

COMMON: dict[str, Any] = {"epochs": 2, "learning_rate": 1e-3, "batch_size": 10}


def a_recipe(method: str, **own: Any) -> Recipe:
    return recipe_of(DistillSettings(**COMMON, **{method: own}), method)


def taught(recipe: Recipe, kind: str = "another transformer") -> dict[str, torch.Tensor]:
    """The weights of a student after the recipe, and its loss."""
    student = STUDENTS[kind](3)
    loss = distill(student, a_lesson(3)[0], recipe, seed=1)
    return {"loss": torch.tensor(loss), **student.state_dict()}


LIMITS = {
    "PKD without its states is KD": (
        ("pkd", {"beta": 0.0, "alpha": 0.3, "temperature": 4.0}),
        ("kd", {"share": 0.3, "temperature": 4.0}),
    ),
    "ALP without its states is KD": (
        ("alp", {"beta": 0.0, "alpha": 0.3, "temperature": 4.0}),
        ("kd", {"share": 0.3, "temperature": 4.0}),
    ),
    "CKD without its states is KD": (
        ("ckd", {"beta": 0.0, "alpha": 0.25, "temperature": 4.0}),
        ("kd", {"share": 0.25, "temperature": 4.0}),
    ),
    "KD without the teacher is fine-tuning": (("kd", {"share": 0.0}), ("finetune", {})),
    "nothing smoothed is fine-tuning": (("label-smoothing", {"smoothing": 0.0}), ("finetune", {})),
    "nothing made up is fine-tuning": (("teacher-free", {"share": 0.0}), ("finetune", {})),
    "ARD without the teacher is fine-tuning": (("ard", {"share": 0.0}), ("finetune", {})),
    "FreeLB of one step is fine-tuning": (("freelb", {"steps": 1}), ("finetune", {})),
    "FreeLB in a ball of nothing is fine-tuning": (("freelb", {"bound": 0.0}), ("finetune", {})),
    "FreeLB with KD of one step is KD": (
        ("freelb-kd", {"steps": 1, "share": 0.3, "temperature": 4.0}),
        ("kd", {"share": 0.3, "temperature": 4.0}),
    ),
    "FreeLB with KD in a ball of nothing is KD": (
        ("freelb-kd", {"bound": 0.0, "share": 0.3, "temperature": 4.0}),
        ("kd", {"share": 0.3, "temperature": 4.0}),
    ),
    "FreeLB with KD without the teacher is FreeLB": (
        ("freelb-kd", {"share": 0.0, "steps": 2}),
        ("freelb", {"steps": 2}),
    ),
    "adversarial text with nothing hidden is fine-tuning": (
        ("adversarial-text", {"masked": 0.0}),
        ("finetune", {}),
    ),
    "Combined-KD with nothing hidden is annealing": (
        ("combined", {"masked": 0.0, "temperatures": 3, "first": 0.5}),
        ("annealing", {"temperatures": 3, "first": 0.5}),
    ),
    "RoSearch with its first term is KD": (
        ("rosearch", {"kd_weight": 1.0, "probe_weight": 0.0, "logit_weight": 0.0}),
        ("kd", {"share": 1.0, "temperature": 2.0}),
    ),
    "the general form with class outputs is KD": (
        ("general", {"logit_weight": 0.0, "hidden_weight": 0.0, "embedding_weight": 0.0}),
        ("kd", {"share": 1.0, "temperature": 2.0}),
    ),
    "the general form with logits is RoSearch's third term": (
        ("general", {"class_weight": 0.0, "hidden_weight": 0.0, "embedding_weight": 0.0}),
        ("rosearch", {"kd_weight": 0.0, "probe_weight": 0.0, "logit_weight": 1.0}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["of the space", "another transformer"])
@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_another_method_to_the_last_digit(limit: str, kind: str) -> None:
    found, expected = (taught(a_recipe(name, **own), kind) for name, own in LIMITS[limit])
    assert all(torch.equal(value, expected[name]) for name, value in found.items())
    usual = taught(a_recipe(LIMITS[limit][0][0]), kind)
    assert not torch.equal(found["loss"], usual["loss"])


def test_annealing_with_one_temperature_begins_with_rosearchs_third_term() -> None:
    first, _ = a_recipe("annealing", temperatures=1)
    alone = a_recipe("rosearch", kd_weight=0.0, probe_weight=0.0, logit_weight=1.0)
    alone = (replace(alone[0], schedule=first.schedule),)
    found, expected = taught((first,)), taught(alone)
    assert all(torch.equal(value, expected[name]) for name, value in found.items())


def test_what_counts_for_nothing_asks_for_nothing() -> None:
    assert needs_of(a_recipe("kd", share=0.0)) == ()
    assert needs_of(a_recipe("pkd", beta=0.0)) == ("logits",)
    with pytest.raises(UserError, match="every term of the loss has weight 0"):
        a_recipe("rosearch", kd_weight=0.0, probe_weight=0.0, logit_weight=0.0)


def total(recipe: Recipe, step: Step, seed: int = 3) -> tuple[float, list[Any]]:
    """The loss of the first stage for a step, and the heads that its terms have."""
    torch.manual_seed(seed)
    sizes = Sizes.of(step.own.reader.model), Sizes.of_signals(step.lesson.signals)
    heads = [term.heads and term.heads(*sizes) for term in recipe[0].terms]
    pairs = zip(recipe[0].terms, heads, strict=True)
    return float(sum(term.weighted(step, head) for term, head in pairs).detach()), heads


def parts(step: Step, temperature: float) -> tuple[float, float, np.ndarray, np.ndarray]:
    """CE and KD by their definitions, the states of the student and of the teacher."""
    truth = np.array(step.lesson.labels)
    own, teacher = step.logits.detach().double(), step.signal("logits").double()
    ce = float(-own.log_softmax(1).numpy()[np.arange(len(truth)), truth].mean())
    p, q = ((z / temperature).softmax(1).numpy() for z in (teacher, own))
    kd = float(temperature**2 * (p * np.log(p / q)).sum(1).mean())
    states = torch.stack(step.states, dim=1).detach().numpy()
    return ce, kd, states, step.signal("states").numpy()


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


@pytest.fixture(params=["a shorter teacher", "another transformer"])
def step(request: pytest.FixtureRequest) -> Step:
    return a_step(STUDENTS[request.param](3).eval(), a_lesson(3)[0])


def test_pkd_is_its_formula(step: Step) -> None:
    ce, kd, own, teacher = parts(step, 5.0)
    found, heads = total(a_recipe("pkd", alpha=0.2, beta=10.0), step)
    mapped = heads[2](torch.from_numpy(own)).detach().numpy()
    layers = {2: [2], 5: [1, 2, 2, 3]}[own.shape[1]]  # round(j 4 / m), the last layer left out
    pt = ((unit(mapped[:, :-1]) - unit(teacher[:, layers])) ** 2).mean()
    assert found == pytest.approx(0.8 * ce + 0.2 * kd + 10 * pt, rel=1e-5)


def test_ard_is_its_formula(step: Step) -> None:
    lesson, student = step.lesson, step.own.reader
    ce, _, _, _ = parts(step, 3.0)
    found, _ = total(a_recipe("ard", share=0.3, temperature=3.0), step)
    shown = replace(lesson, texts=lesson.attacked)
    _, kd, _, _ = parts(a_step(student.model, shown), 3.0)
    assert found == pytest.approx(0.7 * ce + 0.3 * kd, rel=1e-5)


@pytest.mark.parametrize("rule", ["regular", "overlap", "skip-middle", "cross"])
def test_ckd_is_its_formula(rule: str, step: Step) -> None:
    ce, kd, own, teacher = parts(step, 2.0)
    found, heads = total(a_recipe("ckd", buckets=rule, alpha=0.2, beta=0.5), step)
    losses = []
    for j, bucket in enumerate(bucketed_layers(rule, own.shape[1], LAYERS)):
        if bucket:
            mapped = heads[2][j](torch.from_numpy(own[:, j])).detach().numpy()
            joined = np.concatenate([teacher[:, layer] for layer in bucket], axis=1)
            losses.append(((unit(mapped) - unit(joined)) ** 2).mean())
    expected = 0.2 * kd + 0.3 * ce + 0.5 * np.mean(losses)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("rule", ["all", "regular", "partial"])
@pytest.mark.parametrize("scale", [True, False])
def test_alp_is_its_formula(rule: str, scale: bool, step: Step) -> None:
    ce, kd, own, teacher = parts(step, 5.0)
    found, heads = total(a_recipe("alp", buckets=rule, alpha=0.2, beta=10.0, scale=scale), step)
    mapped = heads[2](torch.from_numpy(own)).detach().numpy()
    errors = []
    for j, bucket in enumerate(bucketed_layers(rule, own.shape[1], LAYERS)):
        if not bucket:
            continue
        layers = teacher[:, list(bucket)]
        products = np.einsum("bd,bkd->bk", mapped[:, j], layers) / (WIDTH**0.5 if scale else 1)
        shares = np.exp(products - products.max(1, keepdims=True))
        shares /= shares.sum(1, keepdims=True)
        errors.append(((mapped[:, j] - np.einsum("bk,bkd->bd", shares, layers)) ** 2).mean())
    assert found == pytest.approx(0.8 * ce + 0.2 * kd + 10 * np.mean(errors), rel=1e-5)


def test_the_general_form_is_its_formula() -> None:
    lesson, teacher = a_lesson(3)
    student = a_bert(2, 16, 3, seed=5).eval()
    step = a_step(student, lesson, attention=True)
    _, kd, own, states = parts(step, 2.0)
    names = ("logit", "class", "hidden", "attention", "embedding")
    weights = {name: i for i, name in enumerate(names, start=1)}
    recipe = a_recipe("general", **{f"{name}_weight": float(w) for name, w in weights.items()})
    found, heads = total(recipe, step)
    mse = ((step.logits - step.signal("logits")) ** 2).mean().item()
    hidden = ((heads[2](torch.from_numpy(own)).detach().numpy() - states[:, [2, 4]]) ** 2).mean()
    embedded = heads[4](step.own.embedded).detach().numpy()
    embedding = ((embedded - states[:, 0]) ** 2).mean()
    ids, lengths = torch.from_numpy(lesson.texts.ids).long(), lesson.texts.lengths
    errors = []
    for i, n in enumerate(lengths):
        with torch.no_grad():
            maps = [
                model(ids[i : i + 1, :n], output_attentions=True).attentions
                for model in (student, teacher)
            ]
        for layer, followed in ((0, 1), (1, 3)):
            gap = maps[0][layer][0].mean(0) - maps[1][followed][0].mean(0)
            errors.append((gap**2).sum().item())
    attention = sum(errors) / (lengths.sum() * 2 * lengths.max())
    parts_of = (mse, kd, hidden, attention, embedding)
    expected = sum(w * part for w, part in zip(weights.values(), parts_of, strict=True))
    assert found == pytest.approx(expected, rel=1e-4)


@given(st.integers(0, 10**6), st.booleans(), st.sampled_from(sorted(RULES)))
def test_attention_over_layers_is_a_mean_of_the_allowed(seed: int, scale: bool, rule: str) -> None:
    rng = torch.Generator().manual_seed(seed)
    m, n = (int(torch.randint(1, 7, (), generator=rng)) for _ in range(2))
    buckets = [bucket for bucket in bucketed_layers(rule, m, n) if bucket]
    student = 4 * torch.randn(5, len(buckets), 8, generator=rng, dtype=torch.float64)
    teacher = 4 * torch.randn(5, n, 8, generator=rng, dtype=torch.float64)
    allowed = torch.tensor([[k + 1 in bucket for k in range(n)] for bucket in buckets])
    shares = layer_attention(student, teacher, allowed, scale)
    assert torch.allclose(shares.sum(-1), torch.ones(5, len(buckets), dtype=torch.float64))
    assert (shares[:, ~allowed] == 0).all()
    assert (shares >= 0).all()
    equal = teacher[:, :1].expand(-1, n, -1)
    assert torch.allclose(shares @ equal, equal[:, :1].expand(-1, len(buckets), -1))


def test_attention_to_one_layer_is_pkd_without_unit_vectors() -> None:
    student, teacher = torch.randn(2, 6, 4, 8, generator=torch.Generator().manual_seed(0)).unbind()
    alone = attended_loss(student, teacher, torch.eye(4, dtype=torch.bool))
    assert torch.equal(alone, F.mse_loss(student, teacher))


def test_buckets_of_one_layer_are_pkd() -> None:
    """The student is as deep as the teacher and as wide, so that no map is learned."""
    student = a_bert(LAYERS, WIDTH, 3, seed=4).eval()
    step = a_step(student, a_lesson(3)[0])
    found, heads = total(a_recipe("ckd", alpha=0.0, beta=1.0), step)
    assert not list(heads[0].parameters())
    own, teacher = torch.stack(step.states, dim=1), step.signal("states")[:, 1:]
    assert found == pytest.approx(patient_loss(own, teacher).item(), rel=1e-6)


def test_gradients_reach_the_student_through_its_attention_and_never_the_teacher() -> None:
    student, teacher = torch.randn(2, 6, 4, 8).unbind()
    student, teacher = student.clone().requires_grad_(), teacher.clone().requires_grad_()
    allowed = torch.ones(4, 4, dtype=torch.bool)
    attended_loss(student, teacher, allowed).backward()
    assert teacher.grad is None
    with torch.no_grad():
        shares = layer_attention(student, teacher, allowed, scale=False)
    direct = 2 * (student - shares @ teacher) / student.numel()
    assert student.grad is not None
    assert not torch.allclose(student.grad, direct)


def test_buckets_are_those_of_the_paper() -> None:
    assert bucketed_layers("regular", 2, 6) == ((1, 2, 3), (4, 5, 6))
    assert bucketed_layers("overlap", 2, 6) == ((1, 2, 3, 4), (3, 4, 5, 6))
    assert bucketed_layers("skip-middle", 2, 6) == ((1, 2), (5, 6))
    assert bucketed_layers("cross", 2, 6) == ((1, 3), (4, 6))
    assert bucketed_layers("partial", 2, 6) == ((1, 2, 3, 4), (4, 5, 6))
    assert bucketed_layers("all", 2, 3) == ((1, 2, 3), (1, 2, 3))


@given(st.sampled_from(sorted(RULES)), st.integers(1, 24), st.integers(1, 24))
def test_every_bucket_lies_in_the_teacher(rule: str, student: int, teacher: int) -> None:
    buckets = bucketed_layers(rule, student, teacher)
    assert len(buckets) == student
    assert all(list(b) == sorted(set(b)) for b in buckets)
    used = {layer for bucket in buckets for layer in bucket}
    assert used <= set(range(1, teacher + 1))
    assert max(used) == teacher
    if rule in ("all", "regular", "partial", "overlap"):
        assert used == set(range(1, teacher + 1))
    if rule == "regular":
        assert sum(map(len, buckets)) == teacher
        assert max(map(len, buckets)) - min(map(len, buckets)) <= 1


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("layers", range(1, 13))
def test_a_student_no_deeper_than_its_teacher_has_no_empty_bucket(rule: str, layers: int) -> None:
    assert all(bucketed_layers(rule, layers, 12))


@given(st.integers(0, 10**6), st.floats(0.0, 1.0))
def test_smoothing_is_a_uniform_teacher(seed: int, smoothing: float) -> None:
    """H(q', p) = a H(q, p) + (1 - a) (KL(u || p) + H(u))."""
    rng = torch.Generator().manual_seed(seed)
    scores = 3 * torch.randn(5, 4, generator=rng, dtype=torch.float64)
    truth = torch.randint(0, 4, (5,), generator=rng)
    log_p, u = scores.log_softmax(1), torch.full((4,), 0.25, dtype=torch.float64)
    divergence = (u * (u.log() - log_p)).sum(1).mean()
    entropy = -(u * u.log()).sum()
    expected = (1 - smoothing) * F.nll_loss(log_p, truth) + smoothing * (divergence + entropy)
    assert torch.allclose(smoothed_loss(scores, truth, smoothing), expected)


def test_the_made_up_teacher_at_temperature_one_is_a_smoothed_label() -> None:
    truth, scores = torch.tensor([0, 2, 1]), torch.randn(3, 3, dtype=torch.float64)
    teacher = virtual_logits(truth, 3, 0.9).double()
    share = torch.full((3, 3), 0.05, dtype=torch.float64)
    share[range(3), truth] = 0.9
    assert torch.allclose(teacher.softmax(1), share, atol=1e-7)
    smoothed = scores.clone().requires_grad_()
    smoothed_loss(smoothed, truth, 0.15).backward()  # 0.05 for every class
    followed = scores.clone().requires_grad_()
    kd_loss(followed, teacher, 1.0).backward()
    assert smoothed.grad is not None
    assert followed.grad is not None
    assert torch.allclose(smoothed.grad, followed.grad, atol=1e-7)


def factors(epochs: int, per_epoch: int, temperatures: int) -> list[float]:
    step = a_step(STUDENTS["of the space"](3).eval(), a_lesson(3)[0])
    steps = epochs * per_epoch
    return [
        annealing_factor(replace(step, number=n, steps=steps, epochs=epochs), temperatures)
        for n in range(steps)
    ]


def test_annealing_goes_up_from_epoch_to_epoch() -> None:
    assert factors(14, 3, 7) == [t / 7 for t in range(1, 8) for _ in range(6)]
    assert factors(5, 2, 2) == [0.5] * 4 + [1.0] * 6  # the last value has the rest
    assert factors(2, 6, 4) == [t / 4 for t in range(1, 5) for _ in range(3)]
    assert factors(3, 4, 1) == [1.0] * 12


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 20))
def test_annealing_is_never_zero_and_ends_at_the_whole(epochs, per_epoch, temperatures) -> None:
    found = factors(epochs, per_epoch, temperatures)
    assert found == sorted(found)
    assert found[0] > 0
    if temperatures <= epochs * per_epoch:
        assert found[0] == 1 / temperatures
        assert found[-1] == 1.0


def test_annealing_has_two_stages() -> None:
    settings = DistillSettings(epochs=20)
    first, second = recipe_of(settings, "annealing")
    assert (first.schedule.epochs, second.schedule.epochs) == (14, 6)  # of the authors
    first, second = recipe_of(DistillSettings(epochs=1), "annealing")
    assert (first.schedule.epochs, second.schedule.epochs) == (1, 1)


def test_shares_that_are_together_more_than_one_are_refused() -> None:
    overrides = ["distill.ckd.alpha=0.5", "distill.ckd.beta=0.6"]
    with pytest.raises(UserError, match=r"alpha 0\.5 and beta 0\.6 are together more than 1") as e:
        load_config(overrides=overrides)
    assert "\n" not in str(e.value)
    load_config(overrides=["distill.ckd.alpha=0.3", "distill.ckd.beta=0.7"])


def test_a_certain_teacher_is_refused() -> None:
    with pytest.raises(UserError, match=r"correct lies between 0 and 1"):
        load_config(overrides=["distill.teacher-free.correct=1.0"])


def test_every_method_has_a_family_of_its_own_kind() -> None:
    families = [METHODS[name].family for name in METHODS]
    runs = [f for i, f in enumerate(families) if i == 0 or families[i - 1] != f]
    assert len(runs) == len(set(runs))  # `kdnas methods` shows each once

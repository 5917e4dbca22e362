"""A generator of texts against a student: its words, its steps, and MATE-KD that learns from it."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from every_student import LENGTH, STUDENTS, VOCABULARY, a_bert, a_lesson, a_rewriter, a_step
from heavy import TINY_ARCHITECTURE
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from kdnas.config import Config, DistillSettings
from kdnas.distillation import (
    Generator,
    Reader,
    Recipe,
    Step,
    Words,
    distill,
    hide,
    kd_loss,
    recipe_of,
    soft_tokens,
    word_logits,
)
from kdnas.distillation.generator import chosen, drawn_words
from kdnas.distillation.recipes.mate import division
from kdnas.distillation.rewriting import climb, objective_of
from kdnas.errors import UserError
from kdnas.evaluation import Evaluator, Prepared, prepare
from kdnas.methods import MateSettings
from kdnas.records import Evaluation, Job
from kdnas.teachers.rewriter import masked_loss, prepare_rewriter
from kdnas.training import Batch, Inputs, encode, take

CPU = torch.device("cpu")
SETTINGS = ("distill.method=mate", "distill.mate.generator_rate=1e-3", "distill.mate.masked=0.1")


def a_recipe(**own: Any) -> Recipe:
    settings = {"epochs": 2, "batch_size": 10, "learning_rate": 1e-3, "mate": own}
    return recipe_of(DistillSettings(**settings), "mate")


def a_generator(step: Step) -> Generator:
    assert step.teacher is not None
    return Generator(a_rewriter(), step.own.reader, step.teacher)


def with_generator(kind: str, classes: int = 3, pairs: bool = False) -> tuple[Step, Batch]:
    lesson, _ = a_lesson(classes, pairs)
    step = a_step(STUDENTS[kind](classes).eval(), lesson)
    batch = take(lesson.texts, step.index, CPU)
    return replace(step, generator=a_generator(step)), batch


def divergence_of(step: Step, batch: Batch, settings: MateSettings) -> float:
    """The mean objective over some draws, the same ones each time."""
    assert step.generator is not None
    found = []
    for seed in range(8):
        torch.manual_seed(seed)
        found.append(objective_of(step, batch, settings, division).item())
    return float(np.mean(found))


@given(st.floats(0, 1), st.integers(0, 99))
def test_special_tokens_and_padding_are_never_hidden(share: float, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 10, (50, 12), generator=rng)
    mask = torch.arange(12) < torch.randint(1, 13, (50, 1), generator=rng)
    torch.manual_seed(seed)
    hidden = hide(Batch(ids, mask, torch.arange(50)), share, a_rewriter()).hidden
    able = mask & (ids != 4) & (ids != 5)
    assert not (hidden & ~able).any()
    count, n = int(hidden.sum()), int(able.sum())
    assert abs(count - share * n) <= 5 * (n * share * (1 - share)) ** 0.5 + 1e-9


@pytest.mark.parametrize("pairs", [False, True], ids=["texts", "pairs"])
@pytest.mark.parametrize("kind", [*STUDENTS, "the teacher"])
def test_one_word_alone_is_read_as_that_word(kind: str, pairs: bool) -> None:
    step, batch = with_generator("cells" if kind == "the teacher" else kind, pairs=pairs)
    assert step.teacher is not None
    reader = step.teacher if kind == "the teacher" else step.own.reader
    masked = hide(batch, 0.5, a_rewriter())
    ids = torch.randint(0, VOCABULARY, (int(masked.hidden.sum()),))
    with torch.no_grad():
        with soft_tokens(reader.model, masked.hidden, Words(ids, torch.rand(len(ids), VOCABULARY))):
            soft = reader.see(batch).logits
        hard = reader.see(masked.with_tokens(ids)).logits
        assert torch.allclose(soft, hard, atol=1e-6)
        assert not torch.allclose(soft, reader.see(batch).logits, atol=1e-6)  # read so no longer


def test_a_word_is_read_as_its_row_with_the_gradient_of_the_mixture() -> None:
    table = nn.Embedding(VOCABULARY, 4)

    class Model(nn.Module):
        def get_input_embeddings(self) -> nn.Module:
            return table

    hidden = torch.tensor([[False, True, False], [True, False, True]])
    shares = torch.rand(3, VOCABULARY - 10).softmax(-1).requires_grad_()
    words = Words(torch.tensor([7, 0, 30]), shares)
    with soft_tokens(Model(), hidden, words):
        found = table(torch.zeros(2, 3, dtype=torch.long))
    assert torch.equal(found[hidden], table.weight[words.ids])
    assert (found[~hidden] == table.weight[0]).all()
    value = torch.randn(3, 4)
    slope, own = torch.autograd.grad((found[hidden] * value).sum(), [shares, table.weight])
    (expected,) = torch.autograd.grad(((shares @ table.weight[:-10]) * value).sum(), shares)
    assert torch.allclose(slope, expected)
    assert not own.any()  # of a table that belongs to a model that stays as it is


@pytest.mark.parametrize("classes", [3, VOCABULARY])
def test_words_are_drawn_as_often_as_they_are_likely(classes: int) -> None:
    torch.manual_seed(0)
    logits = (3 * torch.randn(classes)).expand(40_000, -1)
    chances = logits[0].softmax(-1).double()
    for ids in (drawn_words(logits).ids, chosen(logits.softmax(-1))):
        counts = torch.bincount(ids, minlength=classes)
        expected = 40_000 * chances
        often = expected > 5
        surprise = ((counts - expected) ** 2 / expected)[often].sum()
        assert surprise < int(often.sum()) + 4 * (2 * int(often.sum())) ** 0.5
    certain = torch.tensor([[0.0, 1.0, 0.0]]).expand(1000, -1)
    assert (chosen(certain) == 1).all()


def test_shares_are_those_of_the_gumbel_trick() -> None:
    """Equal to torch's in distribution: by quantiles of the largest and of every word's share."""
    torch.manual_seed(0)
    logits = torch.tensor([2.0, 1.0, 0.0, -3.0, -100.0]).expand(60_000, -1)
    words = drawn_words(logits)
    assert torch.equal(words.shares.argmax(-1), words.ids)
    assert torch.allclose(words.shares.sum(-1), torch.ones(60_000))
    usual = F.gumbel_softmax(logits)
    at = torch.linspace(0.02, 0.98, 25)
    for word in range(4):
        mine, torchs = (x[:, word].quantile(at) for x in (words.shares, usual))
        assert torch.allclose(mine, torchs, atol=0.02)
    mine, torchs = (x.amax(-1).quantile(at) for x in (words.shares, usual))
    assert torch.allclose(mine, torchs, atol=0.02)
    assert torch.isfinite(drawn_words(torch.tensor([[0.0, -1e30]])).shares).all()


def test_shares_have_the_gradient_of_the_softmax() -> None:
    logits = torch.randn(6, VOCABULARY, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(1)
    shares = drawn_words(logits).shares
    noise = (shares.log() - logits).detach()
    value = torch.randn(VOCABULARY, dtype=torch.float64)
    found, expected = (
        torch.autograd.grad((x @ value).sum(), logits)[0]
        for x in (shares, (logits + noise).softmax(-1))
    )
    assert torch.allclose(found, expected)
    assert found.abs().max() > 0


@pytest.mark.parametrize("last", [True, False], ids=["a module", "none"])
def test_the_last_layer_is_asked_for_hidden_places_alone(
    last: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, batch = with_generator("cells", pairs=True)
    generator = step.generator
    assert generator is not None
    model, masked = generator.model, hide(batch, 0.5, generator.rewriter)
    seen: list[int] = []
    model.get_output_embeddings().register_forward_hook(
        lambda module, given, out: seen.append(out.shape[:-1].numel())
    )
    if not last:
        monkeypatch.setattr(model, "get_output_embeddings", lambda: None)
    found = word_logits(model, generator.rewriter, masked)
    shown = {"input_ids": batch.ids.masked_fill(masked.hidden, 4), "token_type_ids": batch.segments}
    whole = model(attention_mask=batch.mask.long(), **shown).logits
    assert torch.allclose(found, whole[masked.hidden], atol=1e-6)
    assert seen == [int(masked.hidden.sum()) if last else batch.ids.numel(), batch.ids.numel()]


@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
@pytest.mark.parametrize("kind", STUDENTS)
def test_the_objective_is_the_divergence_on_rewritten_texts(kind: str, classes: int) -> None:
    step, batch = with_generator(kind, classes)
    assert step.generator is not None
    assert step.teacher is not None
    kl, cross = (
        (torch.manual_seed(1), objective_of(step, batch, MateSettings(), objective).item())[1]
        for objective in (division, partial(division, objective="cross-entropy"))
    )
    torch.manual_seed(1)
    shown = step.generator.rewritten(batch, 0.3)
    own, theirs = (r.see(shown).logits.detach() for r in (step.own.reader, step.teacher))
    assert kl == pytest.approx(kd_loss(own, theirs, 1.0).item(), rel=1e-3, abs=1e-6)
    if classes > 1:
        assert cross == pytest.approx(F.cross_entropy(own, theirs.softmax(-1)).item(), rel=1e-4)


@pytest.mark.parametrize("kind", STUDENTS)
def test_steps_of_the_generator_divide_a_frozen_student_from_its_teacher(kind: str) -> None:
    step, batch = with_generator(kind)
    assert step.teacher is not None
    models = step.own.reader.model.train(), step.teacher.model
    states = [{n: v.clone() for n, v in m.state_dict().items()} for m in models]
    settings = MateSettings(generator_rate=3e-3, masked=0.6)
    models[0].eval()
    before = divergence_of(step, batch, settings)
    models[0].train()
    for _ in range(40):
        climb(step, batch, settings, division)
    assert models[0].training
    for model, state in zip(models, states, strict=True):
        assert all(p.grad is None for p in model.parameters())
        assert all(torch.equal(v, state[n]) for n, v in model.state_dict().items())
    models[0].eval()
    assert divergence_of(step, batch, settings) > 1.05 * before


@pytest.mark.parametrize("kind", STUDENTS)
def test_a_step_of_the_student_never_reaches_the_generator(kind: str) -> None:
    step, _ = with_generator(kind)
    generator = step.generator
    assert generator is not None
    before = {n: v.clone() for n, v in generator.model.state_dict().items()}
    term = a_recipe(generator_steps=0)[0].terms[-1]
    term.loss(step).backward()
    assert all(p.grad is None for p in generator.model.parameters())
    assert all(torch.equal(v, before[n]) for n, v in generator.model.state_dict().items())
    assert step.own.reader.model.get_input_embeddings().weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kind", STUDENTS)
def test_with_nothing_hidden_it_is_kd_twice(kind: str) -> None:
    """Where x' = x, L = (CE + 2 KD) / 3, and the generator makes no step."""
    step, batch = with_generator(kind)
    assert step.generator is not None
    assert torch.equal(step.generator.rewritten(batch, 0.0).ids, batch.ids)
    found = sum(t.weighted(step, None) for t in a_recipe(masked=0.0)[0].terms).item()
    kd = kd_loss(step.logits, step.signal("logits"), 1.0)
    expected = (F.cross_entropy(step.logits, step.labels) + 2 * kd) / 3
    assert found == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(("own", "steps"), [({"generator_steps": 2, "cycle": 3}, 4), ({}, 6),
    ({"generator_steps": 0}, 0), ({"masked": 0.0}, 0)], ids=str)  # fmt: skip
def test_the_generator_makes_some_steps_of_every_cycle(
    own: dict, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[float] = []
    monkeypatch.setattr(Generator, "climb", lambda self, objective, rate: made.append(rate))
    distill(STUDENTS["cells"](3), a_lesson(3)[0], a_recipe(**own), seed=0)  # six steps
    assert made == [5e-7] * steps


def test_a_training_is_repeated_to_the_last_digit() -> None:
    states = []
    for rate in (1e-3, 1e-3, 5e-7):
        student = STUDENTS["of the space"](3)
        distill(student, a_lesson(3)[0], a_recipe(generator_rate=rate, masked=0.6), seed=2)
        states.append(student.state_dict())
    first, again, other = states
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not all(torch.equal(value, other[name]) for name, value in first.items())


def test_another_vocabulary_is_refused_in_a_line() -> None:
    small = replace(a_rewriter(), tokens=VOCABULARY + 1)
    with pytest.raises(UserError, match="has 51 tokens, and a table of words 50 rows") as caught:
        Generator(small, Reader(a_bert(1, 16, 2)))
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="padded on the right") as caught:
        Generator(a_rewriter(), Reader(a_bert(1, 16, 2), Inputs(left=True)))
    assert "\n" not in str(caught.value)


def test_the_rewriter_has_learned_the_texts_and_is_kept(
    config: Config, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewriter = prepared.lesson.rewriter
    assert rewriter is not None
    tokenizer, length = prepared.tokenizer, config.student.max_length
    batch = take(encode(tokenizer, prepared.task.search.texts, length), np.arange(40), CPU)
    fresh, kept = a_fresh(config), rewriter.load(CPU)
    losses = []
    for model in (fresh, kept):
        torch.manual_seed(0)
        losses.append(masked_loss(model.eval(), rewriter, hide(batch, 0.15, rewriter)).item())
    assert losses[1] < losses[0]

    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("kdnas.teachers.rewriter.train_rewriter", never)
    again = prepare_rewriter(config.teacher, prepared.task, length).load(CPU)
    assert all(torch.equal(v, again.state_dict()[n]) for n, v in kept.state_dict().items())


def a_fresh(config: Config) -> Any:
    from transformers import AutoModelForMaskedLM

    torch.manual_seed(config.teacher.seed)
    return AutoModelForMaskedLM.from_pretrained(config.teacher.model)


def test_a_search_can_be_taught_so(config: Config, tmp_path) -> None:
    found = Evaluator(config, tmp_path)(Job(0, TINY_ARCHITECTURE, seed=3))
    assert isinstance(found, Evaluation)
    assert np.isfinite(found.loss)
    assert prepare(config).lesson.rewriter is not None


def test_what_fills_no_masks_is_refused_in_a_line(
    config: Config, prepared: Prepared, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpt = GPT2LMHeadModel(
        GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=len(prepared.tokenizer))
    )
    gpt.save_pretrained(tmp_path)
    prepared.tokenizer.save_pretrained(tmp_path)
    other = config.teacher.model_copy(update={"model": str(tmp_path)})
    with pytest.raises(UserError, match="is no masked language model") as caught:
        prepare_rewriter(other, prepared.task, LENGTH)
    assert "\n" not in str(caught.value)
    prepared.tokenizer.mask_token = None
    prepared.tokenizer.save_pretrained(tmp_path)
    monkeypatch.setattr("kdnas.teachers.rewriter.load_tokenizer", lambda name: prepared.tokenizer)
    with pytest.raises(UserError, match="has no mask token") as caught:
        prepare_rewriter(other, prepared.task, LENGTH)
    assert "\n" not in str(caught.value)

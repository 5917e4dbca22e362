"""FreeLB: words that move uphill, against its algorithm on vectors that a transformer is given."""

from dataclasses import replace

import pytest
import torch
from every_student import STUDENTS, a_lesson, a_step
from torch.nn import functional as F

from kdnas.config import DistillSettings
from kdnas.distillation import Step, Term, distill, hard, kd_loss, recipe_of
from kdnas.distillation.recipes.freelb import moved_loss, norms, seen_with
from kdnas.errors import UserError
from kdnas.methods import FreeLBSettings
from kdnas.training import Inputs

SETTINGS = FreeLBSettings(steps=4, rate=0.5, bound=0.8)
FORMS = {
    "freelb": {"steps": 4, "rate": 0.5, "bound": 0.8},
    "freelb-kd": {"steps": 4, "rate": 0.5, "bound": 0.8, "share": 0.3, "temperature": 3.0},
}


def total(method: str, step: Step) -> torch.Tensor:
    settings = DistillSettings(**{method: FORMS[method]})
    return sum(term.weighted(step, None) for term in recipe_of(settings, method)[0].terms)


def by_algorithm(method: str, step: Step) -> torch.Tensor:
    """The losses one by one, each with its graph, the words given to the model as vectors."""
    model, batch = step.own.reader.model, step.own.batch
    words = model.get_input_embeddings()(batch.ids)
    move, losses = torch.zeros_like(words), []
    for _ in range(4):
        move.requires_grad_()
        logits = model(inputs_embeds=words + move, attention_mask=batch.mask.long()).logits
        loss = step_loss(method, logits, step)
        (g,) = torch.autograd.grad(loss, move, retain_graph=True)
        moved = []
        for text, slope in zip(move.detach(), g, strict=True):
            longer = text + 0.5 * slope / slope.norm()
            moved.append(longer * min(1.0, 0.8 / longer.norm().item()))
        losses.append(loss)
        move = torch.stack(moved)
    return torch.stack(losses).mean()


def step_loss(method: str, logits: torch.Tensor, step: Step) -> torch.Tensor:
    if logits.shape[1] == 1:
        ce = F.mse_loss(logits[:, 0], step.labels)
    else:
        ce = F.cross_entropy(logits, step.labels)
    if method == "freelb":
        return ce
    return 0.7 * ce + 0.3 * kd_loss(logits, step.signal("logits"), 3.0)


@pytest.mark.parametrize("classes", [3, 1], ids=["classes", "numbers"])
@pytest.mark.parametrize("method", FORMS)
def test_it_is_its_algorithm(method: str, classes: int) -> None:
    student = STUDENTS["another transformer"](classes).eval()
    step = a_step(student, a_lesson(classes)[0])
    weights = list(student.parameters())
    found, expected = total(method, step), by_algorithm(method, step)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert found.item() > step_loss(method, step.logits, step).item()
    slopes = (torch.autograd.grad(x, weights, allow_unused=True) for x in (found, expected))
    for one, other in zip(*slopes, strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("kind", STUDENTS)
def test_words_move_uphill_and_no_further_than_the_bound(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = a_step(STUDENTS[kind](3).eval(), a_lesson(3)[0])
    moves: list[torch.Tensor] = []
    losses: list[float] = []

    def watched(step: Step, move: torch.Tensor) -> tuple:
        own, words = seen_with(step, move)
        moves.append(move)
        losses.append(F.cross_entropy(own.logits, step.labels).item())
        return own, words

    monkeypatch.setattr("kdnas.distillation.recipes.freelb.seen_with", watched)
    found = moved_loss(step, [Term(hard)], SETTINGS)
    assert found.item() == pytest.approx(sum(losses) / 4, rel=1e-6)
    assert losses[0] == pytest.approx(F.cross_entropy(step.logits, step.labels).item(), rel=1e-6)
    assert losses == sorted(losses)
    assert losses[-1] > losses[0]
    assert not moves[0].any()
    lengths = [norms(move).flatten() for move in moves[1:]]
    assert torch.allclose(lengths[0], torch.tensor(0.5))
    assert all((length <= 0.8 + 1e-5).all() for length in lengths)
    padding = ~step.own.mask
    assert padding.any()
    assert not moves[-1][padding].any()
    assert all(p.grad is None for p in step.own.reader.model.parameters())


def test_all_passes_have_one_dropout() -> None:
    """With the same masks a step too short to matter changes nothing, with others it would."""
    step = a_step(STUDENTS["another transformer"](3).train(), a_lesson(3)[0])
    own, _ = seen_with(step, step.logits.new_zeros(()))
    again, _ = seen_with(step, step.logits.new_zeros(()))
    assert torch.equal(own.logits, again.logits)
    state = torch.get_rng_state()
    short = moved_loss(step, [Term(hard)], replace(SETTINGS, rate=1e-9))
    assert short.item() == pytest.approx(F.cross_entropy(own.logits, step.labels).item(), rel=1e-6)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_model_that_reads_lengths_apart_is_refused_in_a_line() -> None:
    step = a_step(STUDENTS["another transformer"](3), a_lesson(3)[0])
    lesson = replace(step.lesson, inputs=lambda model: Inputs(alone=True))
    with pytest.raises(UserError, match="FreeLB moves words of models that read a batch") as caught:
        distill(
            STUDENTS["another transformer"](3), lesson, recipe_of(DistillSettings(), "freelb"), 0
        )
    assert "\n" not in str(caught.value)

"""The training loop, its batches, and predictions."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from transformers import AutoTokenizer, get_linear_schedule_with_warmup

from kdnas.offline import offline_path
from kdnas.records import EvaluationFailed
from kdnas.training import (
    Batch,
    EncodedTexts,
    Schedule,
    decay_groups,
    encode,
    epoch_plan,
    fit,
    predict,
    take,
)
from kdnas.training.fit import _rate_factor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(str(offline_path("minilm")))


def test_encoded_texts_are_the_tokenizers(tokenizer) -> None:
    texts = ["a film", "", "one of the very best films of the year , truly"]
    found = encode(tokenizer, texts, 8)
    for text, ids, length in zip(texts, found.ids, found.lengths, strict=True):
        assert ids[:length].tolist() == tokenizer(text, truncation=True, max_length=8)["input_ids"]
        assert (ids[length:] == tokenizer.pad_token_id).all()
    assert found.lengths.tolist() == [4, 2, 8]


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=300), st.integers(1, 40), st.integers(1, 3)
)
def test_every_text_comes_once_an_epoch(lengths: list[int], size: int, epochs: int) -> None:
    plan = epoch_plan(np.array(lengths), size, epochs, np.random.default_rng(0))
    assert len(plan) == epochs
    for batches in plan:
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
        assert all(len(batch) <= size for batch in batches)
        assert len(batches) == -(-len(lengths) // size)


def test_batches_have_little_padding_and_a_random_order() -> None:
    lengths = np.random.default_rng(0).integers(2, 60, 3000)
    (batches,) = epoch_plan(lengths, 32, 1, np.random.default_rng(1))
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < 1.08 * lengths.sum()
    longest = [lengths[batch].max() for batch in batches]
    assert abs(np.corrcoef(np.arange(len(longest)), longest)[0, 1]) < 0.3


def test_take_pads_to_the_longest_of_the_batch() -> None:
    texts = EncodedTexts(np.arange(20, dtype=np.int32).reshape(4, 5), np.array([5, 2, 3, 1]))
    batch = take(texts, np.array([2, 1]), CPU)
    assert batch.ids.tolist() == [[10, 11, 12], [5, 6, 7]]
    assert batch.mask.tolist() == [[True, True, True], [True, True, False]]
    assert batch.index.tolist() == [2, 1]


def test_the_schedule_is_the_usual_one() -> None:
    parameter = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=1.0)
    reference = get_linear_schedule_with_warmup(optimiser, 10, 100)
    for step in range(100):
        # The first step of the usual schedule has rate 0 and is lost; ours begins one later.
        expected = (step + 1) / 10 if step < 10 else reference.get_last_lr()[0]
        assert _rate_factor(step, 100, 0.1) == pytest.approx(expected)
        optimiser.step()
        reference.step()


def test_fit_finds_a_least_squares_solution() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(256, 3), torch.tensor([1.0, -2.0, 0.5])
    y = x @ weight
    learned = nn.Parameter(torch.zeros(3))
    plan = epoch_plan(np.ones(256, int), 32, 60, np.random.default_rng(0))
    seen: list[tuple[int, float]] = []
    last = fit(
        [learned],
        plan,
        lambda index: (x[index] @ learned - y[index]).square().mean(),
        Schedule(0.1, weight_decay=0.0),
        lambda epoch, loss: seen.append((epoch, loss)),
    )
    assert torch.allclose(learned, weight, atol=0.02)
    assert [epoch for epoch, _ in seen] == list(range(1, 61))
    assert last == seen[-1][1] < 0.001 * seen[0][1]


def test_embeddings_norms_and_biases_have_no_weight_decay() -> None:
    """Without a gradient only the decay moves a parameter."""
    torch.manual_seed(0)
    module = nn.ModuleDict(
        {
            "table": nn.Embedding(4, 3),
            "linear": nn.Linear(3, 3),
            "kernel": nn.Conv1d(3, 3, 3, groups=3),
            "norm": nn.LayerNorm(3),
        }
    )
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    parameters = list(module.parameters())
    fit(
        decay_groups(module),
        [[np.array([0])]],
        lambda _: sum((p.sum() * 0.0 for p in parameters), torch.zeros(())),
        Schedule(0.1, weight_decay=0.5, warmup=0.0),
    )
    for name, parameter in module.named_parameters():
        left = 0.95 if name in ("linear.weight", "kernel.weight") else 1.0
        assert torch.allclose(parameter, left * before[name]), name
        assert left == 1.0 or not torch.equal(parameter, before[name])


def test_a_loss_that_is_not_finite_ends_as_a_typed_failure() -> None:
    parameter = nn.Parameter(torch.ones(1))
    plan = [[np.array([0])]]
    with pytest.raises(EvaluationFailed, match="epoch 1 is nan") as caught:
        fit([parameter], plan, lambda _: (parameter * torch.nan).sum(), Schedule(0.1))
    assert caught.value.failure.kind == "non_finite"


def test_predictions_come_in_the_order_of_the_texts() -> None:
    lengths = np.array([3, 1, 5, 2, 4])
    ids = np.zeros((5, 5), np.int32)
    ids[:, 0] = [30, 10, 50, 20, 40]

    def forward(batch: Batch) -> torch.Tensor:
        return torch.stack([batch.ids[:, 0].double(), batch.mask.sum(1).double()], dim=1)

    found = predict(forward, EncodedTexts(ids, lengths), CPU, batch_size=2)
    assert found.dtype == np.float32
    assert found.tolist() == [[30, 3], [10, 1], [50, 5], [20, 2], [40, 4]]


def test_a_logit_that_is_not_finite_ends_as_a_typed_failure() -> None:
    texts = EncodedTexts(np.ones((1, 2), np.int32), np.array([2]))
    with pytest.raises(EvaluationFailed) as caught:
        predict(lambda batch: torch.tensor([[1.0, torch.inf]]), texts, CPU)
    assert caught.value.failure.kind == "non_finite"

"""Spliced token ids are those of the whole text tokenised again, whatever the text."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from attack_texts import swaps, texts
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kdnas.attacks.cutting import split_parts
from kdnas.attacks.parts import Parts, deletion, swap_texts
from kdnas.attacks.tokens import Tokens
from kdnas.offline import offline_path
from kdnas.training import Row, padded

LENGTHS = (8, 512)


@cache
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(offline_path("minilm")))


def parts_of(text: str) -> Parts:
    return split_parts(text) or ("",)


def whole(found: list[str], length: int) -> list[Row]:
    if not found:
        return []
    return list(map(Row, tokenizer()(found, truncation=True, max_length=length)["input_ids"]))


@settings(max_examples=300)
@given(texts, st.lists(swaps, min_size=1, max_size=3))
@example("a [foo] [MASK b] [b MASK] #foo ##bar", ["MASK", "unk"])
@example("x\x0bfoo\x00bar \u0301foo\u0301 \u200bfoo foo\u200b", ["ing", "z"])
def test_spliced_rows_are_those_of_the_whole_text(text: str, words: list[str]) -> None:
    parts = parts_of(text)
    positions = range(len(parts) // 2)
    for length in LENGTHS:
        tokens = Tokens(tokenizer(), length)
        for i in positions:
            expected = whole(swap_texts(parts, i, words), length)
            assert tokens.swap_rows(parts, i, words) == expected
        expected = whole([deletion(parts, i) for i in positions], length)
        assert tokens.deletion_rows(parts, list(positions)) == expected


@given(texts, st.lists(st.text(max_size=6), min_size=1, max_size=3))
def test_words_that_are_no_words_are_tokenised_in_their_text(text: str, words: list[str]) -> None:
    """A typing error can be anything."""
    parts = parts_of(text)
    tokens = Tokens(tokenizer(), 64)
    for i in range(len(parts) // 2):
        assert tokens.swap_rows(parts, i, words) == whole(swap_texts(parts, i, words), 64)


def test_splicing_saves_tokenising(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would say nothing about it."""
    tokens, parts = Tokens(tokenizer(), 64), parts_of("a good film, isn't it")
    monkeypatch.setattr(tokens, "rows", lambda texts: pytest.fail("the whole text was tokenised"))
    tokens.swap_rows(parts, 1, ["bad", "great"])
    tokens.deletion_rows(parts, [0, 1, 2])


def test_other_tokenizers_see_the_whole_text() -> None:
    """A byte-level one joins blanks to words, so its ids cannot be spliced."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    corpus = ["good film bad film a good one"] * 9
    backend.train_from_iterator(corpus, trainers.BpeTrainer(initial_alphabet=alphabet))
    bytewise = PreTrainedTokenizerFast(tokenizer_object=backend)
    tokens, parts = Tokens(bytewise, 64), parts_of("a good film")
    assert tokens.swap_rows(parts, 1, ["bad"]) == [Row(*bytewise(["a bad film"])["input_ids"])]
    assert tokens.deletion_rows(parts, [1]) == [Row(*bytewise(["a film"])["input_ids"])]


def test_what_is_kept_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdnas.attacks.tokens._MOST_TEXTS", 3)
    monkeypatch.setattr("kdnas.attacks.tokens._MOST_WORDS", 4)
    tokens = Tokens(tokenizer(), 64)
    for k in range(10):
        parts = parts_of(f"a good film {k}")
        words = [f"{'abcdefghij'[k]}{c}" for c in "xyz"]
        assert tokens.swap_rows(parts, 1, words) == whole(swap_texts(parts, 1, words), 64)
        assert len(tokens._texts) <= 3
        assert len(tokens._words) <= 4 + len(words)


@given(st.lists(texts, min_size=1, max_size=5), st.sampled_from(LENGTHS))
def test_rows_are_padded_as_the_tokenizer_pads_them(some: list[str], length: int) -> None:
    tokens = Tokens(tokenizer(), length)
    asked = {"truncation": True, "max_length": length, "padding": True, "return_tensors": "np"}
    expected = tokenizer()(some, **asked)
    found = padded(tokens.rows(some), tokens.pad)
    assert (found.ids.dtype, found.lengths.dtype) == (np.int32, np.int64)
    assert np.array_equal(found.ids, expected["input_ids"])
    assert np.array_equal(found.lengths, expected["attention_mask"].sum(axis=1))

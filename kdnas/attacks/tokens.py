"""Token ids of a text and of its swaps, tokenised once.

A swap changes one word, so its ids are the text's with the word's own spliced in. That is equal to
tokenising again where the tokenizer is BERT's, which cuts at every blank and punctuation mark
before it looks at a word, and the word stands between such marks; everywhere else the whole text is
tokenised again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from string import punctuation
from typing import Any

from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from kdnas.attacks.parts import Parts, deletion, one_word, swap_texts

Row = list[int]

_SEPARATING = frozenset(" \t\n\r" + punctuation) - frozenset("[]<>")
"""Where BERT's tokenizer cuts whatever stands beside it; a word between the excluded brackets could
become one of its special tokens."""

_MOST_TEXTS, _MOST_WORDS = 4096, 100_000
"""The most texts that are kept in memory."""


@dataclass(frozen=True)
class _Tokenized:
    """A whole text: its ids, where each token starts, and where each part does."""

    text: str
    ids: Row
    token_starts: list[int]
    part_starts: list[int]


class Tokens:
    """Encodes texts for one tokenizer and length; holds what was encoded.

    Args:
        tokenizer: A Hugging Face tokenizer.
        max_length: Tokens that are kept of a text, with the special ones.
    """

    def __init__(self, tokenizer: Any, max_length: int) -> None:
        self._tokenizer, self._max_length = tokenizer, max_length
        self._splices = _cuts_like_bert(tokenizer)
        self._texts: dict[Parts, _Tokenized] = {}
        self._words: dict[str, Row] = {}

    @property
    def pad(self) -> int:
        """The id of padding."""
        return int(self._tokenizer.pad_token_id or 0)

    def rows(self, texts: Sequence[str]) -> list[Row]:
        """The ids of `texts`, cut at the longest length."""
        if not texts:
            return []
        limits = {"truncation": True, "max_length": self._max_length}
        return self._tokenizer(list(texts), **limits)["input_ids"]

    def swap_rows(self, parts: Parts, i: int, words: Sequence[str]) -> list[Row]:
        """The rows of the texts with each of `words` as word i."""
        around = self._around(parts, i)
        if around is None or not all(map(one_word, words)):
            return self.rows(swap_texts(parts, i, words))
        before, after = around
        self._learn(words)
        return [self._framed(before + self._words[word] + after) for word in words]

    def deletion_rows(self, parts: Parts, positions: Sequence[int]) -> list[Row]:
        """The rows of the texts that lack one of the words at `positions` each."""
        rows = []
        for i in positions:
            around = self._around(parts, i)
            spliced = around and self._framed(around[0] + around[1])
            rows.append(spliced or self.rows([deletion(parts, i)])[0])
        return rows

    def _around(self, parts: Parts, i: int) -> tuple[Row, Row] | None:
        """The ids before and after word i, or None where they could depend on it."""
        if not self._splices:
            return None
        whole = self._whole(parts)
        start, end = whole.part_starts[2 * i + 1 : 2 * i + 3]
        beside = whole.text[max(start - 1, 0) : start] + whole.text[end : end + 1]
        if not _SEPARATING.issuperset(beside):
            return None
        first, last = (bisect_left(whole.token_starts, place) for place in (start, end))
        return whole.ids[:first][: self._max_length], whole.ids[last:][: self._max_length]

    def _whole(self, parts: Parts) -> _Tokenized:
        if parts not in self._texts:
            text = "".join(parts)
            asked = {"add_special_tokens": False, "return_offsets_mapping": True}
            found = self._tokenizer(text, verbose=False, **asked)
            starts = [start for start, _ in found["offset_mapping"]]
            part_starts = list(accumulate(map(len, parts[:-1]), initial=0))
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            self._texts[parts] = _Tokenized(text, found["input_ids"], starts, part_starts)
        return self._texts[parts]

    def _learn(self, words: Sequence[str]) -> None:
        if len(self._words) >= _MOST_WORDS:
            self._words.clear()
        new = [word for word in words if word not in self._words]
        if new:
            rows = self._tokenizer(new, add_special_tokens=False)["input_ids"]
            self._words.update(zip(new, rows, strict=True))

    def _framed(self, ids: Row) -> Row:
        """Cut and frame, as the tokenizer does, the ids of one text."""
        kept = ids[: self._max_length - 2]
        return [self._tokenizer.cls_token_id, *kept, self._tokenizer.sep_token_id]


def _cuts_like_bert(tokenizer: Any) -> bool:
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    return (
        isinstance(getattr(backend, "normalizer", None), BertNormalizer)
        and isinstance(backend.pre_tokenizer, BertPreTokenizer)
        and tokenizer.truncation_side == "right"
        and tokenizer("")["input_ids"] == [tokenizer.cls_token_id, tokenizer.sep_token_id]
    )

"""Tokens of a text and of its swaps, tokenised once.

A swap changes one word, so its ids are the text's with the word's own spliced in. That is equal to
tokenising again where the tokenizer is BERT's, which cuts at every blank and punctuation mark
before it looks at a word, and the word stands between such marks; everywhere else the whole text is
tokenised again. A pair comes as its two lines, and its ids are spliced the same way.
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
from kdnas.records import as_read, columns_of
from kdnas.training import Row, rows_of

Ids = list[int]

_SEPARATING = frozenset(" \t\n\r" + punctuation) - frozenset("[]<>")
"""Where BERT's tokenizer cuts whatever stands beside it; a word between the excluded brackets could
become one of its special tokens."""

_MOST_TEXTS, _MOST_WORDS = 4096, 100_000
"""The most texts that are kept in memory."""


@dataclass(frozen=True)
class _Tokenized:
    """A whole text: its ids, where each token starts, and where each part does.

    Attributes:
        second: The first token of the second string of a pair; None for a single text.
    """

    text: str
    ids: Ids
    token_starts: list[int]
    part_starts: list[int]
    second: int | None


@dataclass(frozen=True)
class _Around:
    """The ids before and after a word, and how many of them belong to the first string of a pair.

    Attributes:
        in_first: Whether the word does, too.
        first: How many ids of the two lists do; None for a single text.
    """

    before: Ids
    after: Ids
    in_first: bool
    first: int | None


class Tokens:
    """Encodes texts for one tokenizer and length; holds what was encoded.

    Args:
        tokenizer: A Hugging Face tokenizer.
        max_length: Tokens that are kept of a text, with the special ones.
        pairs: Whether texts are pairs.
    """

    def __init__(self, tokenizer: Any, max_length: int, pairs: bool = False) -> None:
        self._tokenizer, self._max_length, self._pairs = tokenizer, max_length, pairs
        self._splices = _cuts_like_bert(tokenizer)
        self._segmented = "token_type_ids" in tokenizer.model_input_names
        self._texts: dict[Parts, _Tokenized] = {}
        self._words: dict[str, Ids] = {}

    @property
    def pad(self) -> int:
        """The id of padding."""
        return int(self._tokenizer.pad_token_id or 0)

    def rows(self, texts: Sequence[str]) -> list[Row]:
        """The tokens of `texts`, cut at the longest length."""
        found = list(map(as_read, texts)) if self._pairs else texts
        return rows_of(self._tokenizer, found, self._max_length)

    def swap_rows(self, parts: Parts, i: int, words: Sequence[str]) -> list[Row]:
        """The rows of the texts with each of `words` as word i."""
        around = self._around(parts, i)
        if around is None or not all(map(one_word, words)):
            return self.rows(swap_texts(parts, i, words))
        self._learn(words)
        return [self._row(around, self._words[word]) for word in words]

    def deletion_rows(self, parts: Parts, positions: Sequence[int]) -> list[Row]:
        """The rows of the texts that lack one of the words at `positions` each."""
        rows = []
        for i in positions:
            around = self._around(parts, i)
            spliced = around and self._row(around, [])
            rows.append(spliced or self.rows([deletion(parts, i)])[0])
        return rows

    def _around(self, parts: Parts, i: int) -> _Around | None:
        """The ids before and after word i, or None where they could depend on it."""
        if not self._splices:
            return None
        whole = self._whole(parts)
        start, end = whole.part_starts[2 * i + 1 : 2 * i + 3]
        beside = whole.text[max(start - 1, 0) : start] + whole.text[end : end + 1]
        if not _SEPARATING.issuperset(beside):
            return None
        first, last = (bisect_left(whole.token_starts, place) for place in (start, end))
        if whole.second is None:
            most = self._max_length
            return _Around(whole.ids[:first][:most], whole.ids[last:][:most], True, None)
        in_first = first < whole.second
        kept = whole.second - (last - first if in_first else 0)
        return _Around(whole.ids[:first], whole.ids[last:], in_first, kept)

    def _whole(self, parts: Parts) -> _Tokenized:
        if parts not in self._texts:
            text = "".join(parts)
            asked = {"add_special_tokens": False, "return_offsets_mapping": True}
            found = self._tokenizer(text, verbose=False, **asked)
            starts = [start for start, _ in found["offset_mapping"]]
            part_starts = list(accumulate(map(len, parts[:-1]), initial=0))
            second = bisect_left(starts, len(columns_of(text)[0])) if self._pairs else None
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            self._texts[parts] = _Tokenized(text, found["input_ids"], starts, part_starts, second)
        return self._texts[parts]

    def _learn(self, words: Sequence[str]) -> None:
        if len(self._words) >= _MOST_WORDS:
            self._words.clear()
        new = [word for word in words if word not in self._words]
        if new:
            rows = self._tokenizer(new, add_special_tokens=False)["input_ids"]
            self._words.update(zip(new, rows, strict=True))

    def _row(self, around: _Around, word: Ids) -> Row:
        """Cut and frame, as the tokenizer does, the ids of a text with this word."""
        ids, first = around.before + word + around.after, around.first
        start, end = self._tokenizer.cls_token_id, self._tokenizer.sep_token_id
        if first is None:
            return Row([start, *ids[: self._max_length - 2], end])
        first += len(word) if around.in_first else 0
        a, b = cut_longest_first(first, len(ids) - first, self._max_length - 3)
        segments = [0] * (a + 2) + [1] * (b + 1) if self._segmented else None
        return Row([start, *ids[:a], end, *ids[first : first + b], end], segments)


def cut_longest_first(a: int, b: int, room: int) -> tuple[int, int]:
    """The tokens that are kept of two strings of `a` and `b` tokens in so much room.

    The longer string loses its last token until both fit; of equally long ones the second keeps
    one more where the room is odd.

    >>> cut_longest_first(3, 9, 8), cut_longest_first(7, 7, 9), cut_longest_first(7, 6, 9)
    ((3, 5), (4, 5), (5, 4))
    """
    room = max(room, 0)
    if a + b <= room:
        return a, b
    short = min(a, b, room // 2)
    return (room - short, short) if a > b else (short, room - short)


def _cuts_like_bert(tokenizer: Any) -> bool:
    backend: Any = getattr(tokenizer, "backend_tokenizer", None)
    start, end = tokenizer.cls_token_id, tokenizer.sep_token_id
    return (
        isinstance(getattr(backend, "normalizer", None), BertNormalizer)
        and isinstance(backend.pre_tokenizer, BertPreTokenizer)
        and tokenizer.truncation_side == "right"
        and tokenizer("")["input_ids"] == [start, end]
        and _frames_pairs_like_bert(tokenizer([""], [""]), [start, end, end])
    )


def _frames_pairs_like_bert(found: Any, ids: Ids) -> bool:
    return found["input_ids"] == [ids] and found.get("token_type_ids") in (None, [[0, 0, 1]])

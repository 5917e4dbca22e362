"""A text as its words and what stands between them, as TextAttack cuts, joins and windows it.

A tuple of parts alternates separator, word, separator, ..., separator; joined it is the text. Words
are changed in it without looking at the text again, which holds as long as a changed word is still
one word (`one_word`) and the text is one that TextAttack cuts the same way after every change
(`split_parts` returns None for others).
"""

import math
import re
from collections.abc import Sequence

Parts = tuple[str, ...]

_CONTEXT_DEPENDENT = re.compile("[\u4e00-\u9fff]|<[^\\s<>]*>|<SPLIT|SPLIT>|\u03a3")
"""Chinese is cut into words by a model of the whole text; a word between < and > could become
TextAttack's mark between two inputs."""

_STRIPPED = "'-_*@"
"""What TextAttack takes off both ends of a word."""


def split_parts(text: str, words: Sequence[str]) -> Parts | None:
    """The parts of `text`, or None where swapped words could change how it is cut.

    Args:
        text: The text.
        words: Its words, as TextAttack cuts them.
    """
    if _CONTEXT_DEPENDENT.search(text) or any(len(c.lower()) != 1 for c in set(text)):
        return None
    parts, end = [], 0
    for word in words:
        start = text.find(word, end)
        if start < 0:
            return None
        parts += [text[end:start], word]
        end = start + len(word)
    return (*parts, text[end:])


def one_word(word: str) -> bool:
    """Whether `word` in the place of another is still one word, wherever it stands."""
    return word.isascii() and word.isalpha()


def words_of(parts: Parts) -> Parts:
    """The words of a text."""
    return parts[1::2]


def swapped(parts: Parts, i: int, word: str) -> Parts:
    """The parts with `word` as word i."""
    return (*parts[: 2 * i + 1], word, *parts[2 * i + 2 :])


def swap_texts(parts: Parts, i: int, words: Sequence[str]) -> list[str]:
    """The texts that have each of `words` as word i."""
    before, after = "".join(parts[: 2 * i + 1]), "".join(parts[2 * i + 2 :])
    return [before + word + after for word in words]


def deletion(parts: Parts, i: int) -> str:
    """The text without word i and, as TextAttack does it, without one space beside it."""
    before, after = "".join(parts[: 2 * i + 1]), "".join(parts[2 * i + 2 :])
    if after and i == 0:
        return before + after.removeprefix(" ")
    return (before.removesuffix(" ") if after else before) + after


def windows(parts: Parts, i: int, size: int, words: Sequence[str]) -> list[str]:
    """The window of about `size` words around word i, once with each of `words` in its place."""
    first, last = _window(len(parts) // 2, i, size)
    before = "".join(parts[2 * first + 1 : 2 * i + 1])
    after = "".join(parts[2 * i + 2 : 2 * last + 2])
    return [before + word + after for word in words]


def _window(length: int, i: int, size: int) -> tuple[int, int]:
    """First and last word of a window; TextAttack's own bounds, with its uneven edges."""
    half = (size - 1) / 2
    if i - half < 0:
        return 0, min(size - 1, length - 1)
    if i + half >= length:
        return max(0, length - size), length - 1
    return i - math.ceil(half), i + math.floor(half)


def words_changed(before: Parts, after: Parts) -> int:
    """Words that differ, as TextAttack would cut both texts."""
    pairs = zip(words_of(before), words_of(after), strict=True)
    return sum(a != b.strip(_STRIPPED) for a, b in pairs)

"""A text as its words and what stands between them, as TextAttack joins and windows it.

A tuple of parts alternates separator, word, separator, ..., separator; joined it is the text. Words
are changed in it without looking at the text again, which holds as long as a changed word is still
one word (`one_word`) and the text is one that TextAttack cuts the same way after every change
(`kdnas.attacks.cutting.split_parts` returns None for others).
"""

import math
import re
from collections.abc import Sequence

Parts = tuple[str, ...]

_LOWERED_OTHERWISE = re.compile("[\u0130\u03a3]")
"""The lower case of one is two characters, that of the other depends on its neighbours."""

_CHANGES_OTHERS = re.compile("[\u0130\u03a3\u4e00-\u9fff]")
"""Such letters in a word change where it is looked for, or how the whole text is cut."""

STRIPPED = "'-_*@"
"""What TextAttack takes off both ends of a word."""


def one_word(word: str) -> bool:
    """Whether `word` in the place of another is still one word, wherever it stands."""
    return word.isalpha() and not _CHANGES_OTHERS.search(word)


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
    if _LOWERED_OTHERWISE.search("".join(parts)):
        return [_searched_window(swapped(parts, i, word), first, last) for word in words]
    before = "".join(parts[2 * first + 1 : 2 * i + 1])
    after = "".join(parts[2 * i + 2 : 2 * last + 2])
    return [before + word + after for word in words]


def _searched_window(parts: Parts, first: int, last: int) -> str:
    """The window from a word to another, where TextAttack finds them.

    It looks for each word's lower case in that of the text, from the end of the one before on. The
    places that it comes to are taken in the text itself, even where the words stand elsewhere.
    """
    text, words = "".join(parts), words_of(parts)
    lower, end, starts = text.lower(), 0, []
    for word in words[: last + 1]:
        end = lower.find(word.lower(), end) + len(word)
        starts.append(end - len(word))
    return text[starts[first] : starts[last] + len(words[last])]


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
    return sum(a != b.strip(STRIPPED) for a, b in pairs)

"""Cutting a text into parts by TextAttack's rules of what a word is."""

import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from kdnas.attacks.parts import STRIPPED, Parts
from kdnas.errors import require_extra

_WORD = re.compile(r"[\w`\u00d7\u02d7'\-*@]+")
"""TextAttack takes letters, digits, what stands inside words, and look-alikes of letters; of these
the three here are no letters by themselves."""

CHINESE = re.compile("[\u4e00-\u9fff]")
"""A text with one of them is cut into words by a model of the whole text."""

_BESIDE_MARK = re.compile("<SPLIT|SPLIT>")
_TAG = re.compile(r"<([^\s<>]*)>")
_MARK = "SPLIT"
"""TextAttack's mark between two inputs, where it stands between < and >."""


def text_words(text: str) -> list[str]:
    """The words of a text without Chinese, as TextAttack cuts them."""
    chunks = (chunk.strip(STRIPPED) for chunk in text.split())
    found = (word.strip(STRIPPED) for chunk in chunks for word in _WORD.findall(chunk))
    return [word for word in found if word]


def split_parts(text: str) -> Parts | None:
    """The parts of `text`, or None where swapped words could change how TextAttack cuts it."""
    if CHINESE.search(text) or _BESIDE_MARK.search(text) or any(map(_near_mark, _tags(text))):
        return None
    parts: list[str] = []
    end = 0
    for word in text_words(text):
        start = text.index(word, end)
        parts += [text[end:start], word]
        end = start + len(word)
    return (*parts, text[end:])


def require_cut(texts: Sequence[str]) -> None:
    """Refuse texts that only TextAttack can attack where it is not installed.

    Raises:
        UserError: It shows the first of them.
    """
    left = [text for text in texts if split_parts(text) is None]
    if left:
        first = " ".join(left[0].split())[:40]
        what = f"the attack on {len(left)} of {len(texts)} texts (Chinese or <SPLIT>: {first!r})"
        require_extra("textattack", "textattack", what)


def makes_mark(parts: Parts, i: int, word: str) -> bool:
    """Whether `word` as word i would be taken for a mark between two inputs."""
    return word == _MARK and parts[2 * i].endswith("<") and parts[2 * i + 2].startswith(">")


def _tags(text: str) -> list[str]:
    return _TAG.findall(text) if "<" in text else []


def _near_mark(tag: str) -> bool:
    """Whether one typing error, of which swapped letters are two edits, could make it the mark."""
    return Levenshtein.distance(tag, _MARK) <= 2

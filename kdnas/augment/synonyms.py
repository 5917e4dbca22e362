"""Texts in which words became others, or got company, as TextAttack's augmenters make them.

A `Change` makes one text of another, and changes no word twice.
"""

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np

from kdnas.attacks.cutting import split_parts
from kdnas.attacks.parts import Parts, swapped, words_of
from kdnas.records import Text, columns_of

Listing = Callable[[Sequence[str], int], Sequence[str]]
"""From the words of a text and one of their places to what may stand there."""

Change = Callable[[Parts, np.random.Generator], Parts]
"""From the parts of a text to those of a new one."""

_TRIES = 10
"""How often a text is made anew that was made before; a short one can become few others."""


def texts_of(text: Text, change: Change, each: int, rng: np.random.Generator) -> list[Text]:
    """Make as many texts of one, different ones where that can be; their label still holds.

    Of a pair each string by itself. What cannot be cut into words stays as it is.
    """
    columns = [_columns_of(column, change, each, rng) for column in columns_of(text)]
    if len(columns) == 1:
        return list(columns[0])
    return list(zip(*columns, strict=True))


def _columns_of(text: str, change: Change, each: int, rng: np.random.Generator) -> list[str]:
    parts, made = split_parts(text), list[str]()
    for _ in range(each):
        found = text
        for _ in range(_TRIES if parts else 0):
            found = "".join(change(parts or (), rng))
            if found not in made and found != text:
                break
        made.append(found)
    return made


def swaps(listing: Listing, kept: Collection[str], share: float) -> Change:
    """Swap max(floor(share * words), 1) words, fewer where fewer can be, each for one of its list.

    As in TextAttack every pair of a word and a candidate is drawn as often as any other, so that
    words with many candidates are swapped more often.

    Args:
        listing: The candidates of a word.
        kept: Words that never change.
        share: Of the words that are swapped.
    """

    def change(parts: Parts, rng: np.random.Generator) -> Parts:
        words = words_of(parts)
        listed = {i: listing(words, i) for i, word in enumerate(words) if word not in kept}
        able = [i for i, found in listed.items() if found]
        if not able:
            return parts
        sizes = np.array([len(listed[i]) for i in able])
        count = min(_count(share, words), len(able))
        for i in rng.choice(able, count, False, sizes / sizes.sum()).tolist():
            parts = swapped(parts, i, listed[i][int(rng.integers(len(listed[i])))])
        return parts

    return change


def insertions(synonyms: Callable[[str], Sequence[str]], share: float) -> Change:
    """Insert synonyms of any words, each before another word; as many as TextAttack.

    TextAttack counts the new word and that behind it as changed, until max(floor(share * words), 1)
    are, so that there are half as many insertions, rounded up. Its list of stop words is one of
    words that are not swapped: it inserts before them too. It looks for a word that has a synonym
    seven times and then gives up; here one is found whenever there is one.

    Args:
        synonyms: Of a word.
        share: Of the words that are new or stand behind a new one.
    """

    def change(parts: Parts, rng: np.random.Generator) -> Parts:
        words = words_of(parts)
        able = [word for word in words if synonyms(word)]
        count = math.ceil(_count(share, words) / 2) if able else 0
        for i in rng.permutation(len(words))[:count].tolist():
            found = synonyms(able[int(rng.integers(len(able)))])
            new = found[int(rng.integers(len(found)))]
            able += [new] if synonyms(new) else []  # from now on a word of the text too
            parts = swapped(parts, i, f"{new} {words[i]}")
        return parts

    return change


def rewordings(listing: Listing, kept: Collection[str], probability: float) -> Change:
    """Swap each word that has candidates with a probability (Jiao 2020, algorithm 1).

    Args:
        listing: The candidates of a word.
        kept: Words that never change.
        probability: Of a swap.
    """

    def change(parts: Parts, rng: np.random.Generator) -> Parts:
        words = words_of(parts)
        for i, word in enumerate(words):
            found = () if word in kept else listing(words, i)
            if found and rng.random() < probability:
                parts = swapped(parts, i, found[int(rng.integers(len(found)))])
        return parts

    return change


def _count(share: float, words: Sequence[str]) -> int:
    return max(int(share * len(words)), 1)

"""Finds near-duplicates, so that a division of one pool can keep them on one side."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

from kdnas.records import Text
from kdnas.tasks.overlap import Gram, grams

_COMMON = 50
"""A 4-gram of more texts than these is a phrase of the language, not a sign of a copy."""


def near_duplicates(texts: Sequence[Text]) -> list[int]:
    """Number the groups of texts that are nearly the same or cut from one another.

    Two texts belong together where the shorter shares half of its 4-grams with the other, and all
    that belong with one text belong together.

    Returns:
        The group of each text: the place of its first member.

    >>> near_duplicates(["a very good film indeed", "no", "a very good film", "a dull one"])
    [0, 1, 0, 3]
    """
    sizes, owners = [], defaultdict[Gram, list[int]](list)
    for i, text in enumerate(texts):
        found = grams(text)
        sizes.append(len(found))
        for gram in found:
            owners[gram].append(i)
    shared: Counter[tuple[int, int]] = Counter()
    for those in owners.values():
        if 2 <= len(those) <= _COMMON:
            shared.update(combinations(those, 2))
    group = list(range(len(texts)))
    for (i, j), count in shared.items():
        if 2 * count >= min(sizes[i], sizes[j]):
            a, b = sorted((_first(group, i), _first(group, j)))
            group[b] = a
    return [_first(group, i) for i in range(len(texts))]


def _first(group: list[int], i: int) -> int:
    """The place of the first member of the group of text i; the way to it is shortened."""
    while group[i] != i:
        group[i] = group[group[i]]
        i = group[i]
    return i

"""Texts in which words became synonyms, as TextAttack's embedding augmenter makes them."""

from collections.abc import Callable, Collection, Sequence

import numpy as np

from kdnas.attacks import load_resources
from kdnas.attacks.cutting import split_parts
from kdnas.attacks.parts import swapped, words_of
from kdnas.attacks.recipes.textfooler import Substitutes
from kdnas.attacks.resources import stopwords
from kdnas.records import AttackSpec, Text, columns_of

Listing = Callable[[Sequence[str], int], Sequence[str]]
"""From the words of a text and one of their places to what may stand there."""


def augmented_texts(
    texts: Sequence[Text], spec: AttackSpec, share: float, each: int
) -> tuple[Text, ...]:
    """Make as many texts of each one, all of the first text first; their labels still hold.

    Args:
        texts: The originals.
        spec: Of TextFooler, whose checks of words say what is a synonym; its windows are not
            compared.
        share: Of the words that are swapped.
        each: Texts that are made of one.
    """
    listing, kept = Substitutes(spec.settings, load_resources(spec)), stopwords(spec.stopwords)
    rng = np.random.default_rng(0)
    return tuple(
        synonym_swaps(text, share, listing, kept, rng) for text in texts for _ in range(each)
    )


def synonym_swaps(
    text: Text, share: float, listing: Listing, kept: Collection[str], rng: np.random.Generator
) -> Text:
    """The text with max(floor(share * words), 1) of its words swapped, fewer where fewer can be.

    Of a pair each string by itself. What cannot be cut into words stays as it is.

    Args:
        text: The original.
        share: Of its words.
        listing: The synonyms of a word.
        kept: Words that never change.
        rng: Draws which words, and which synonyms.
    """
    first, *others = (_swaps(column, share, listing, kept, rng) for column in columns_of(text))
    return (first, others[0]) if others else first


def _swaps(
    text: str, share: float, listing: Listing, kept: Collection[str], rng: np.random.Generator
) -> str:
    parts = split_parts(text)
    if parts is None:
        return text
    words = words_of(parts)
    listed = {i: listing(words, i) for i, word in enumerate(words) if word not in kept}
    able = [i for i, synonyms in listed.items() if synonyms]
    for i in rng.permutation(able)[: max(int(share * len(words)), 1)].tolist():
        parts = swapped(parts, i, listed[i][int(rng.integers(len(listed[i])))])
    return "".join(parts)

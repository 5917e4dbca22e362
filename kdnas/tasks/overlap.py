"""Measures whether validation texts were cut from the training text."""

from collections.abc import Sequence

from kdnas.records import Text, written

_GRAM = 4

Gram = tuple[str, ...]


def overlap_share(validation: Sequence[Text], train: Sequence[Text]) -> float:
    """The share of validation texts whose every 4-gram occurs in the training texts.

    Tokens are lower-cased words between white space; texts of fewer than 4 do not count. It is
    about 0 where validation comes from elsewhere, and most of the texts where both are phrases of
    the same sentences, as in the training file of SST-2.

    Returns:
        A share in [0, 1]; 0 if no validation text has 4 tokens.

    >>> overlap_share(["a b c d", "a b c d e", "a b"], ["X A B C D", "b c d"])
    0.5
    """
    measured = [found for text in validation if (found := grams(text))]
    if not measured:
        return 0.0
    # Only the 4-grams of validation are kept: those of a large training set would fill memory.
    unseen = set[Gram]().union(*measured)
    for text in train:
        unseen -= grams(text)
    return sum(unseen.isdisjoint(found) for found in measured) / len(measured)


def grams(text: Text) -> set[Gram]:
    """The 4-grams of a text's lower-cased words between white space; a pair is read as one text."""
    tokens = written(text).lower().split()
    return {tuple(tokens[i : i + _GRAM]) for i in range(len(tokens) - _GRAM + 1)}

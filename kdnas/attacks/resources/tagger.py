"""The class of a word in its context, by NLTK's tagger, as TextAttack's check asks for it."""

from collections.abc import Sequence
from functools import lru_cache

_CONTEXT = 4
"""Words before a word that the tagger sees; of those after it one less."""


def tags_agree(words: Sequence[str], i: int, other: str) -> bool:
    """Whether `other` has the class of word i in its place; nouns and verbs count as one."""
    before = tuple(words[max(i - _CONTEXT, 0) : i])
    after = tuple(words[i + 1 : i + _CONTEXT])
    tags = {_tag(before, word, after) for word in (words[i], other)}
    return len(tags) == 1 or tags == {"NOUN", "VERB"}


@lru_cache(maxsize=2**14)
def _tag(before: tuple[str, ...], word: str, after: tuple[str, ...]) -> str:
    """The universal tag of a word; of several equal ones the first one's."""
    import nltk

    tagged: dict[str, str] = {}
    for token, tag in nltk.pos_tag([*before, word, *after], tagset="universal", lang="eng"):
        tagged.setdefault(token, tag)
    return tagged[word]

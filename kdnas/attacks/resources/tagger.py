"""The class of a word in its context, by NLTK's tagger, as TextAttack's check asks for it."""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

from kdnas.cache import fingerprint
from kdnas.errors import UserError
from kdnas.offline import content_hash
from kdnas.paper_files import PAPER_FILES

_CONTEXT = 4
"""Words before a word that the tagger sees; of those after it one less."""


def tags_agree(words: Sequence[str], i: int, other: str) -> bool:
    """Whether `other` has the class of word i in its place; nouns and verbs count as one."""
    before = tuple(words[max(i - _CONTEXT, 0) : i])
    after = tuple(words[i + 1 : i + _CONTEXT])
    tags = {_tag(before, word, after) for word in (words[i], other)}
    return len(tags) == 1 or tags == {"NOUN", "VERB"}


@cache
def load_tagger() -> Any:
    """NLTK's tagger, loaded once: `nltk.pos_tag` would read its file anew for every word.

    Raises:
        UserError: Its files cannot be read.
    """
    import nltk

    try:
        nltk.map_tag("en-ptb", "universal", "NN")
        return nltk.PerceptronTagger()
    except (LookupError, OSError, ValueError, AssertionError) as error:
        place, reason = PAPER_FILES["tagger"].place(), " ".join(str(error).split())[:120]
        raise UserError(
            f"NLTK's tagger in {place} cannot be read ({reason}): remove the folder, and fetch it"
            " with kdnas resources --fetch"
        ) from error


def tagger_identity() -> str:
    """What no other tagger has."""
    return fingerprint(nltk=version("nltk"), files=content_hash(PAPER_FILES["tagger"].place()))


@lru_cache(maxsize=2**14)
def _tag(before: tuple[str, ...], word: str, after: tuple[str, ...]) -> str:
    """The universal tag of a word; of several equal ones the first one's."""
    from nltk import map_tag

    tagged: dict[str, str] = {}
    for token, tag in load_tagger().tag([*before, word, *after]):
        tagged.setdefault(token, map_tag("en-ptb", "universal", tag))
    return tagged[word]

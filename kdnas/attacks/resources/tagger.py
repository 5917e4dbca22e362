"""The class of a word in its context, by NLTK's tagger, as TextAttack's check asks for it.

TextAttack has NLTK tag all words around a word, for each of its candidates. Here only those are
tagged that a candidate can change.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from kdnas.cache import fingerprint
from kdnas.errors import UserError
from kdnas.offline import content_hash
from kdnas.paper_files import PAPER_FILES

_CONTEXT = 4
"""Words before a word that the tagger sees; of those after it one less."""

_AHEAD = 2
"""Words after a word that its own tag depends on."""


def tags_agree(words: Sequence[str], i: int, other: str) -> bool:
    """Whether `other` has the class of word i in its place; nouns and verbs count as one."""
    before = tuple(words[max(i - _CONTEXT, 0) : i])
    after = tuple(words[i + 1 : i + _CONTEXT])
    tags = {_tag(before, word, after) for word in (words[i], other)}
    return len(tags) == 1 or tags == {"NOUN", "VERB"}


class Tagger:
    """`nltk.PerceptronTagger` (Honnibal), word by word.

    Args:
        model: The one of NLTK.
    """

    def __init__(self, model: Any) -> None:
        self._model, self._weights = model, model.model.weights
        self._classes = sorted(model.classes)
        self._rows: dict[str, np.ndarray] = {}

    def tags(self, words: Sequence[str], known: Sequence[str], end: int) -> list[str]:
        """The tags of the first `end` words, of which some are known already."""
        model = self._model
        context = [*model.START, *map(model.normalize, words), *model.END]
        tags = [*reversed(model.START), *known]
        for i in range(len(known), end):
            tag = model.tagdict.get(words[i])
            if not tag:
                tag = self._best(model._get_features(i, words[i], context, tags[-1], tags[-2]))
            tags.append(tag)
        return tags[len(model.START) :]

    def _best(self, features: Sequence[str]) -> str:
        """The class of most weight, of equal ones the last by name; summed in NLTK's order."""
        total = np.zeros(len(self._classes))
        for feature in features:
            if feature in self._weights:
                total += self._row(feature)
        return self._classes[len(total) - 1 - int(total[::-1].argmax())]

    def _row(self, feature: str) -> np.ndarray:
        """The weights of a feature, (classes,)."""
        if feature not in self._rows:
            weights = self._weights[feature]
            self._rows[feature] = np.array([weights.get(name, 0.0) for name in self._classes])
        return self._rows[feature]


@cache
def load_tagger() -> Tagger:
    """NLTK's tagger, loaded once.

    Raises:
        UserError: Its files cannot be read.
    """
    import nltk

    try:
        nltk.map_tag("en-ptb", "universal", "NN")
        return Tagger(nltk.PerceptronTagger())
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

    words = [*before, word, *after]
    place = words.index(word)
    tags = load_tagger().tags(words, _begun(before)[: place + 1], place + 1)
    return map_tag("en-ptb", "universal", tags[place])


@lru_cache(maxsize=2**10)
def _begun(before: tuple[str, ...]) -> list[str]:
    """The tags of those words that do not see what comes after them all."""
    return load_tagger().tags(before, [], max(len(before) - _AHEAD, 0))

"""Synonyms of WordNet (Miller 1995), by NLTK's reader."""

import io
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from kdnas.attacks.parts import one_word
from kdnas.offline import content_hash
from kdnas.paper_files import require_wordnet

_NAMES = 45
"""Kinds of synsets, which WordNet numbers."""


def wordnet_synonyms() -> Callable[[str], tuple[str, ...]]:
    """Return the function from a word to its synonyms in any sense, in alphabetical order.

    Those of several words are left out, as TextAttack leaves them out.

    Raises:
        UserError: WordNet or NLTK is missing.
    """
    reader = _reader(require_wordnet())

    @cache
    def synonyms(word: str) -> tuple[str, ...]:
        found = {name for sense in reader.synsets(word) for name in sense.lemma_names()}
        return tuple(sorted(name for name in found - {word} if one_word(name)))

    return synonyms


def wordnet_identity() -> str:
    """What no other WordNet has."""
    return content_hash(require_wordnet())


@cache
def _reader(place: Path) -> Any:
    """NLTK's reader of a folder or an archive.

    Debian leaves out the list of the names of kinds, which no synonym depends on; numbers stand for
    them. NLTK compares other versions with its own only for other languages.
    """
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader
    from nltk.data import FileSystemPathPointer, ZipFilePathPointer

    class Reader(WordNetCorpusReader):
        def open(self, file: str) -> Any:
            if file == "lexnames":
                return io.StringIO("".join(f"{i:02} {i} 0\n" for i in range(_NAMES)))
            return super().open(file)

        def map_wn(self, version: str = "wordnet") -> None:
            return None

    if str(place) not in nltk.data.path:
        nltk.data.path.append(str(place))  # NLTK reads nothing outside of these folders
    whole = ZipFilePathPointer(str(place), "wordnet/") if place.is_file() else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there is no other language
        return Reader(whole or FileSystemPathPointer(str(place)), None)

"""The augmenters by name: texts made of those of a task, whose labels still hold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kdnas.attacks import load_resources
from kdnas.attacks.recipes.textfooler import Substitutes
from kdnas.attacks.resources import AttackResources, stopwords
from kdnas.augment.masked import Candidates, WordModel
from kdnas.augment.synonyms import Change, insertions, rewordings, swaps, texts_of
from kdnas.augment.wordnet import wordnet_identity, wordnet_synonyms
from kdnas.methods import AugmentationSettings, AugmenterName
from kdnas.paper_files import require_wordnet
from kdnas.records import AttackSpec, Text, columns_of

_AT_ONCE = 1000
"""Texts that a masked language model is asked about at a time."""

_OF_WORDNET = {"wordnet", "synonym-insertion"}

_KEPT = stopwords("nltk")
"""The words that no augmenter of TextAttack changes."""


@dataclass(frozen=True)
class Sources:
    """Gives augmenters their words, from sources that are loaded when they are asked for.

    Attributes:
        spec: Of TextFooler: whose vectors tell near words, and whose checks of words tell which of
            them are synonyms; windows are not compared.
        word_model: Makes the masked language model.
    """

    spec: AttackSpec
    word_model: Callable[[], WordModel]

    @cached_property
    def resources(self) -> AttackResources:
        """Vectors and what else the attack has."""
        return load_resources(self.spec)


def augmented_texts(
    texts: Sequence[Text], settings: AugmentationSettings, sources: Sources
) -> tuple[Text, ...]:
    """Make texts of each one, by each of some augmenters; all of the first text first.

    The same texts are made whenever the same is asked.

    Args:
        texts: The originals.
        settings: Which augmenters, and how many texts each makes of one.
        sources: Where they have their words from.

    Raises:
        UserError: What an augmenter reads is missing.
    """
    rngs = np.random.default_rng(0).spawn(len(settings.by))
    made = [
        [texts_of(text, change, settings.each, rng) for text, change in _changes(name, texts,
                                                                                settings, sources)]
        for name, rng in zip(settings.by, rngs, strict=True)
    ]  # fmt: skip
    return tuple(text for of_one in zip(*made, strict=True) for some in of_one for text in some)


def _changes(
    name: AugmenterName, texts: Sequence[Text], settings: AugmentationSettings, sources: Sources
) -> Iterator[tuple[Text, Change]]:
    """Each text with what changes it."""
    if name == "tinybert":
        yield from _by_model(texts, settings, sources)
        return
    if name == "embedding":
        listing = Substitutes(sources.spec.settings, sources.resources)
        change = swaps(listing, _KEPT, settings.words)
    else:
        synonyms = wordnet_synonyms()
        change = (
            swaps(lambda words, i: synonyms(words[i]), _KEPT, settings.words)
            if name == "wordnet"
            else insertions(synonyms, settings.words)
        )
    for text in texts:
        yield text, change


def _by_model(
    texts: Sequence[Text], settings: AugmentationSettings, sources: Sources
) -> Iterator[tuple[Text, Change]]:
    vectors = sources.resources.vectors
    assert vectors is not None
    model = sources.word_model()
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        strings = [column for text in some for column in columns_of(text)]
        candidates = Candidates.of(strings, model, vectors, _KEPT, settings.candidates)
        change = rewordings(candidates, _KEPT, settings.probability)
        for text in some:
            yield text, change


def words_identity(by: Sequence[AugmenterName]) -> dict[str, str]:
    """What decides about the words of augmenters besides settings, attack and teacher."""
    return {"wordnet": wordnet_identity()} if _OF_WORDNET & set(by) else {}


def require_words(by: Sequence[AugmenterName]) -> None:
    """Refuse augmenters without the files that they read.

    Raises:
        UserError: It says what is missing and how to get it.
    """
    if _OF_WORDNET & set(by):
        require_wordnet()

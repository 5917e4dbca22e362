"""Augmenters against TextAttack's own on the same words, and WordNet through NLTK's reader."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from attack_texts import small
from scipy.stats import chi2_contingency

from kdnas.attacks import load_resources
from kdnas.attacks.cutting import text_words
from kdnas.attacks.recipes.textfooler import Substitutes
from kdnas.attacks.resources import stopwords
from kdnas.attacks.textattack.importing import import_textattack, nltk_offline
from kdnas.augment.synonyms import Change, insertions, swaps, texts_of
from kdnas.augment.wordnet import wordnet_synonyms
from kdnas.paper_files.wordnet import wordnet_place
from kdnas.tasks.packaged import rotten_tomatoes

KEPT, TEXTS, DRAWN = stopwords("nltk"), 100, 300
SPEC = small(own={"word_cosine": 0.8, "polarity": "off"})

needs_wordnet = pytest.mark.skipif(
    find_spec("nltk") is None or not wordnet_place().exists(),
    reason="not installed: nltk, or WordNet's files (apt-get install wordnet-base)",
)


def texts() -> list[str]:
    """Sentences of reviews."""
    every = rotten_tomatoes().tables["train"].columns["text"]
    return [str(every[i]) for i in range(0, TEXTS * 50, 50)]


def shares(made: list[tuple[str, list[str]]]) -> np.ndarray:
    """Of each text, words that are other ones, or new, over its words, a mean over its texts."""
    found = []
    for text, others in made:
        words = text_words(text)
        changed = [
            abs(len(text_words(o)) - len(words)) or sum(map(str.__ne__, words, text_words(o)))
            for o in others
        ]
        found.append(np.mean(changed) / len(words))
    return np.array(found)


class OfWordNet:
    """`nltk.corpus.wordnet` as TextAttack asks it, on the same files."""

    def __init__(self) -> None:
        from kdnas.augment.wordnet import _reader

        self._synsets = cache(_reader(wordnet_place()).synsets)

    def langs(self) -> list[str]:
        return ["eng"]

    def synsets(self, word: str, lang: str = "eng") -> Any:
        return self._synsets(word)


@needs_wordnet
def test_synonyms_are_those_of_wordnet() -> None:
    synonyms = wordnet_synonyms()
    assert {"movie", "picture", "flick"} <= set(synonyms("films"))
    assert synonyms("good") == tuple(sorted(synonyms("good")))
    assert "good" not in synonyms("good")
    assert all(word.isalpha() for word in (*synonyms("film"), *synonyms("run")))
    assert synonyms("qwrt") == ()


def augmenter(kind: str, monkeypatch: pytest.MonkeyPatch, each: int) -> Callable[[str], list[str]]:
    """TextAttack's own with the same words and vectors."""
    import_textattack()
    import textattack.transformations as known
    from textattack.augmentation import Augmenter
    from textattack.constraints.pre_transformation import RepeatModification, StopwordModification
    from textattack.constraints.semantics import WordEmbeddingDistance

    from kdnas.attacks.textattack.build import _embedding

    constraints = [RepeatModification(), StopwordModification(stopwords=KEPT)]
    if kind == "embedding":
        vectors = load_resources(SPEC).vectors
        assert vectors is not None
        embedding = _embedding(vectors)
        change = known.WordSwapEmbedding(max_candidates=50, embedding=embedding)
        constraints.append(WordEmbeddingDistance(embedding=embedding, min_cos_sim=0.8))
    else:
        name = "WordSwapWordNet" if kind == "wordnet" else "WordInsertionRandomSynonym"
        monkeypatch.setitem(
            vars(sys.modules[getattr(known, name).__module__]), "wordnet", OfWordNet()
        )
        with nltk_offline():
            change = getattr(known, name)()
    own = {"pct_words_to_swap": 0.2, "transformations_per_example": each}
    return Augmenter(change, constraints, **own).augment


def our_change(kind: str) -> tuple[Change, Callable[[list[str], int], Sequence[str]]]:
    """The change, and the candidates of a word."""
    if kind == "embedding":
        listing = Substitutes(SPEC.settings, load_resources(SPEC))
        return swaps(listing, KEPT, 0.2), listing
    synonyms = wordnet_synonyms()
    if kind == "wordnet":
        return swaps(lambda w, i: synonyms(w[i]), KEPT, 0.2), lambda w, i: synonyms(w[i])
    return insertions(synonyms, 0.2), lambda w, i: synonyms(w[i])


KINDS = ["embedding", *(pytest.param(k, marks=needs_wordnet) for k in ("wordnet", "insertion"))]


@pytest.mark.textattack
@pytest.mark.parametrize("kind", KINDS)
def test_as_much_is_changed_as_by_textattack(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same share of the words of each text; kdnas leaves out near words of other classes."""
    random.seed(0)
    augment, (change, listing), rng = augmenter(kind, monkeypatch, 2), our_change(kind), rng_of()
    ours = [(text, [str(t) for t in texts_of(text, change, 2, rng)]) for text in texts()]
    theirs = [(text, augment(text)) for text in texts()]
    more = shares(ours).mean() - shares(theirs).mean()
    assert more < 0.01
    assert more > -0.01 or kind == "embedding"
    for text, others in ours:
        words = text_words(text)
        known = {*words, *(new for i in range(len(words)) for new in listing(words, i))}
        assert kind == "insertion" or all(set(text_words(other)) <= known for other in others)


@pytest.mark.textattack
@pytest.mark.parametrize("kind", KINDS[1:])
def test_texts_are_made_as_often_as_by_textattack(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that becomes of a short text, by the frequency of each text of both."""
    text = "a witty film"
    random.seed(0)
    augment, (change, _), rng = augmenter(kind, monkeypatch, 1), our_change(kind), rng_of()
    ours = Counter(str(texts_of(text, change, 1, rng)[0]) for _ in range(DRAWN))
    theirs = Counter(augment(text)[0] for _ in range(DRAWN))
    assert set(ours) == set(theirs)
    both = [(ours[made], theirs[made]) for made in ours]
    assert chi2_contingency(np.array(both)).pvalue > 0.01


def rng_of() -> np.random.Generator:
    """Equal in every test."""
    return np.random.default_rng(0)

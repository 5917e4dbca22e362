"""What can be told of a word without its context: its classes and its sentiment."""

from functools import cache

from kdnas.offline import offline_path

CLASS_PACKAGES = {"lexicon": ("offline", "lemminflect"), "tagger": ("paper", "nltk")}
"""The extra and its package that tell the classes of words, by `TextFooler.word_classes`."""

STRONG = 1.0
WEAK = 0.5


@cache
def word_classes(word: str) -> frozenset[str]:
    """The universal part-of-speech tags that `word` can have; empty for unknown words.

    Nouns and verbs count as one class, as TextFooler lets them replace each other.
    """
    from lemminflect import getAllLemmas

    tags = set(getAllLemmas(word.lower()))
    return frozenset("NOUN/VERB" if tag in ("NOUN", "VERB", "AUX") else tag for tag in tags)


def classes_agree(a: str, b: str) -> bool:
    """Whether two words can have a class in common, or none has a known class."""
    classes_a, classes_b = word_classes(a), word_classes(b)
    return bool(classes_a & classes_b) or not (classes_a or classes_b)


@cache
def _valences() -> dict[str, float]:
    lines = offline_path("vader").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line.strip())
    return {row[0]: float(row[1]) for row in rows}


def polarity_agrees(a: str, b: str) -> bool:
    """Whether a swap keeps the sentiment, by the valences of the VADER lexicon (-4 to 4).

    Refused are words of opposite valence, and swaps that add or remove a strong one.
    """
    x, y = (_valences().get(word.lower(), 0.0) for word in (a, b))
    if x * y < 0:
        return False
    return max(abs(x), abs(y)) < STRONG or min(abs(x), abs(y)) >= WEAK

"""Texts to attack, ordinary ones and such as cutting and tokenising could stumble over.

Also plain functions that judge texts, models that every reader understands.
"""

from collections.abc import Sequence
from functools import cache
from zlib import crc32

import numpy as np
from hypothesis import strategies as st

from kdnas.records import AttackSpec, TextFooler
from kdnas.tasks.packaged import rotten_tomatoes

VOCABULARY = 3000
"""Words of the offline vectors; more would take longer to encode."""


def small(recipe: str = "textfooler", own: dict | None = None, **common) -> AttackSpec:
    """A spec with few vectors.

    Args:
        recipe: Its name.
        own: Settings of TextFooler.
        common: Other fields of the spec.
    """
    textfooler = recipe == "textfooler"
    settings = TextFooler(vocabulary=VOCABULARY, **(own or {})) if textfooler else None
    return AttackSpec(recipe, settings, **common)


POSITIVE = ("good", "best", "strong")
NEGATIVE = ("bad", "lost", "problem")


def count_words(texts: Sequence[str]) -> np.ndarray:
    """Logits that count words of either list; most words do nothing, so ties are everywhere."""
    scores = [
        [sum(text.split().count(w) for w in words) for words in (NEGATIVE, POSITIVE)]
        for text in texts
    ]
    return 1.5 * np.array(scores, np.float32) + np.array([0.1, 0.0], np.float32)


def weigh_words(texts: Sequence[str]) -> np.ndarray:
    """Logits of three classes, to which every word adds something."""
    return np.array([sum(map(_weights, text.split()), start=np.zeros(3)) for text in texts])


@cache
def _weights(word: str) -> np.ndarray:
    return np.random.default_rng(crc32(word.encode())).uniform(-1, 1, 3)


@cache
def reviews() -> tuple[str, ...]:
    """Three long ones and a short one."""
    texts = rotten_tomatoes().tables["train"].columns["text"][:400]
    long = [text for text in texts if 16 <= len(text.split()) <= 20]
    short = [text for text in texts if len(text.split()) < 12]
    return (*long[:3], short[0])


WORDS = (
    "film", "Good", "BAD", "it's", "'tis", "rock-n-roll", "self-", "-made", "``quoted''", "a",
    "2", "3.50", "10%", "U.S.A.", "e-mail@x.org", "snake_case", "*star*", "@you", "œuvre", "café",
    "cafe\u0301", "naïve", "STRASSE", "straße", "ﬁlm", "😀", "👍🏽", "שלום", "مُحَمَّد", "العربية",
    "ДОМ", "ΟΔΟΣ", "\U0001d48cnown", "½", "Ⅷ", "x²", "ーカタカナ", "한국", "㐀", "a" * 120,
    "[UNK]", "[MASK]", "[SEP", "##ing", "SPLIT", "&amp;", "http://a.b/c?d=e", "…", "--", "(", ")",
    "[", "]", "<", ">", "a<b", "<br>", "<user>", "İstanbul", "ΟΔΟΣ.film", "/", "\\", '"', "!?",
)  # fmt: skip
BLANKS = (
    " ", "  ", "\t", "\n", "\r\n", "", ".", ", ", "\x0b", "\x0c", "\x00", "\x1f", "\u200b",
    "\u00a0", "\u2003", "\u00ad", "\ufffd", "\u0301", "'", "-", "_ ", " (", "] ", "—",
)  # fmt: skip

texts = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(WORDS), st.text(max_size=4)),
        st.one_of(st.just(" "), st.sampled_from(BLANKS)),
    ),
    max_size=24,
).map(lambda pairs: "".join(word + blank for word, blank in pairs))
"""Any sequence of such words and blanks, most of them English blanks."""

swaps = st.sampled_from(
    ("movie", "Great", "WORST", "z", "unk", "MASK", "ing", "internationally", "café", "NAÏVE",
     "ﬁlm", "беше", "κat", "한국", "ª", "㐀")
)  # fmt: skip
"""Words that a recipe could put in."""

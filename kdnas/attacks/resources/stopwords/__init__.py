"""The words that a recipe never changes; the lists say where they come from."""

from functools import cache
from importlib.resources import files

from kdnas.records import StopWords


@cache
def stopwords(name: StopWords | None) -> frozenset[str]:
    """The list of that name; None has no words."""
    if name is None:
        return frozenset()
    lines = (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if not line.startswith("#"))

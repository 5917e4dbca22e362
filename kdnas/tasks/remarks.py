"""What a user should know of how their rows became a task, before hours are spent on it."""

import math
from collections.abc import Iterator, Mapping, Sequence

from kdnas.metrics import points
from kdnas.tasks.clean import Cleaned
from kdnas.tasks.labels import Pools
from kdnas.tasks.task import Split

_FEW = 60
"""Texts of search-val below which students are hardly told apart: 300 rows give so many."""


def left_out(pools: Pools, cleaned: Cleaned) -> str:
    """How many of the rows are in no split, and why; "" for none."""
    counts = {
        "without text or label": pools.empty,
        "with the text of another row": cleaned.repeated,
        "whose text occurs with different labels": cleaned.conflicting,
    }
    rows = sum(map(len, pools.splits.values())) + pools.empty
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"of {rows} rows left out: {told}" if told else ""


def remarks(pools: Pools, cleaned: Cleaned, splits: Mapping[str, Split]) -> Iterator[str]:
    """A line for everything that is not as people expect.

    Args:
        pools: What was read.
        cleaned: What was kept of it.
        splits: The texts of train, search and report.
    """
    kinds = pools.remark, left_out(pools, cleaned), _unused(cleaned, splits)
    yield from filter(None, (*kinds, _twins(pools.label_names), _few(len(splits["search"]))))


def _unused(cleaned: Cleaned, splits: Mapping[str, Split]) -> str:
    used = {text for split in splits.values() for text in split.texts}
    unused = sum(map(len, cleaned.splits.values())) - len(used)
    if not unused:
        return ""
    return (
        f"{unused} texts are in no split: beyond what the section task asks for, or like a text of"
        " another split in nearly all words"
    )


def _twins(names: Sequence[str]) -> str:
    """Say which classes differ in capitals alone."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.lower(), name)
        if other != name:
            return (
                f"{other!r} and {name!r} are two classes, which differ in capitals alone: write"
                " them alike if they are one"
            )
    return ""


def _few(texts: int) -> str:
    """Say how far scores lie apart by chance: two standard errors of a share of one half."""
    if texts >= _FEW:
        return ""
    return (
        f"search-val has {texts} texts, on which scores vary by {points(1 / math.sqrt(texts)):.0f}"
        " points by chance: give more rows (300 or more) before you believe a difference"
    )

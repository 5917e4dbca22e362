"""Divides pools into train, search-val and report-val, stratified by class."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kdnas.errors import UserError
from kdnas.tasks.tables import Role
from kdnas.tasks.task import Split

_SEARCH_SHARE = 400 / 872
"""The share of a single validation pool that goes to search-val: 400 of SST-2's 872 sentences."""

_CARVED_SHARE, _CARVED_MOST = 0.1, 1000

Most = int | None  # texts of a split; None for all there are


def divide(
    pools: Mapping[Role, Split], *, train: Most, search: Most, report: Most, seed: int,
    protocol: str,
) -> tuple[Split, Split, Split]:  # fmt: skip
    """Train, search-val and report-val, each in an order whose prefixes are nearly stratified.

    With validation and test, search-val is from the first and report-val from the second. One of
    them alone is shared, 46 % to search-val and 54 % to report-val. Without either, both are
    carved out of train: a tenth and at most 1,000 texts each, or what the settings ask for. By the
    protocol `paper`, report-val is search-val: all of the validation pool (or of the first carved
    part). Search-val is taken from the front of an order and report-val from its end, so that a
    larger size of one leaves the texts of the other as they are.

    Raises:
        UserError: There is no train, or nothing would be left of it.
    """
    pools = {role: _ordered(pool, seed) for role, pool in pools.items()}
    if len(pools) == 1:
        pools = {"train": next(iter(pools.values()))}
    if "train" not in pools:
        origins = " and ".join(pool.origin for pool in pools.values())
        raise UserError(f"{origins}: there is nothing to train on; give data with a train split")
    pool, validation, test = pools["train"], pools.get("validation"), pools.get("test")
    held_out, one = test if validation is None else validation, protocol == "paper"
    if held_out is None:
        sizes = _carved_sizes(pool, search, report, one)
        return _between(pool, *sizes).head(train), *_ends(pool, sizes, one)
    if test is None or held_out is test or one:
        sizes = _shared_sizes(len(held_out), search, report, one)
        return pool.head(train), *_ends(held_out, sizes, one)
    return pool.head(train), held_out.head(search), test.head(report)


def stratified_order(labels: Sequence[int], rng: np.random.Generator) -> NDArray[np.intp]:
    """A random order in which every prefix has nearly the class proportions of the whole.

    The texts of a class, in random order, are spread evenly over the whole.

    Returns:
        Indices into `labels`, shape ``(texts,)``.

    >>> labels = [0, 0, 0, 0, 1, 1]
    >>> [labels[i] for i in stratified_order(labels, np.random.default_rng(7))]
    [0, 0, 1, 0, 0, 1]
    """
    shuffled = rng.permutation(len(labels))
    _, group, counts = np.unique(
        np.asarray(labels)[shuffled], return_inverse=True, return_counts=True
    )
    rank = np.empty(len(labels))
    starts = np.cumsum(counts) - counts
    rank[np.argsort(group, kind="stable")] = np.arange(len(labels)) - np.repeat(starts, counts)
    # Each class starts a little later than the one before, or all would come at the same places.
    place = (rank + (group + 0.5) / len(counts)) / counts[group]
    return shuffled[np.argsort(place, kind="stable")]


def _ordered(pool: Split, seed: int) -> Split:
    order = stratified_order(pool.labels, np.random.default_rng(seed))
    return Split(
        tuple(pool.texts[i] for i in order), tuple(pool.labels[i] for i in order), pool.origin
    )


def _ends(pool: Split, sizes: tuple[int, int], one: bool) -> tuple[Split, Split]:
    """Search-val from the front, report-val from the end (in the paper's protocol, the same)."""
    search = pool.head(sizes[0])
    if one:
        return search, search
    return search, Split(pool.texts[::-1], pool.labels[::-1], pool.origin).head(sizes[1])


def _between(pool: Split, front: int, end: int) -> Split:
    middle = slice(front, len(pool) - end)
    return Split(pool.texts[middle], pool.labels[middle], pool.origin)


def _shared_sizes(n: int, search: Most, report: Most, one: bool) -> tuple[int, int]:
    """Texts of search-val and report-val out of n; one takes what the other leaves over."""
    most_search, most_report = search or n, report or n
    if one:
        return min(most_search, most_report, n), 0
    share = round(n * _SEARCH_SHARE)
    return (
        min(most_search, max(share, n - most_report)),
        min(most_report, max(n - share, n - most_search)),
    )


def _carved_sizes(pool: Split, search: Most, report: Most, one: bool) -> tuple[int, int]:
    """Texts of search-val and report-val out of a pool that must train, too."""
    usual = min(_CARVED_MOST, round(len(pool) * _CARVED_SHARE))
    if one:
        search, report = min((size for size in (search, report) if size), default=usual), 0
    else:
        search, report = search or usual, report or usual
    if search + report >= len(pool):
        raise UserError(
            f"{pool.origin} has {len(pool)} texts, too few for {search} in search-val and {report} "
            "in report-val besides training; lower task.search and task.report"
        )
    return search, report

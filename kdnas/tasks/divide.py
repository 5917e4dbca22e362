"""Divides pools into train, search-val and report-val, stratified by class."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from kdnas.errors import UserError
from kdnas.tasks.groups import near_duplicates
from kdnas.tasks.tables import Role
from kdnas.tasks.task import Split

_SEARCH_SHARE = 400 / 872
"""The share of a single validation pool that goes to search-val: 400 of SST-2's 872 sentences."""

_CARVED_SHARE, _CARVED_FEW, _CARVED_MOST = 0.1, 200, 1000
_LARGEST_SHARE = 0.2
"""Of a pool that has to train, too: at most a fifth for each of search-val and report-val."""

_TENTHS, _APART = 10, 3

Most = int | None  # texts of a split; None for all there are


def divide(
    pools: Mapping[Role, Split], *, train: Most, search: Most, report: Most, seed: int,
    protocol: str, apart: bool = False,
) -> tuple[Split, Split, Split]:  # fmt: skip
    """Train, search-val and report-val, each in an order whose prefixes are nearly stratified.

    With validation and test, search-val is from the first and report-val from the second. One of
    them alone is shared, 46 % to search-val and 54 % to report-val. Without either, both are
    carved out of train, at most a fifth each: what is asked for, or a tenth but 200 to 1,000 texts.
    Then near-duplicates are kept on one side where `apart` asks for it. Search-val is taken from
    the front of an order and report-val from its end, so that a larger size of one leaves the texts
    of the other as they are.

    By the protocol `paper`, report-val is search-val: all of the validation pool (or of the first
    carved part). By `choice` it is the search-val of three parts, and the third part is left alone.

    A part is empty where there are too few texts for it.

    Raises:
        UserError: There is no train.
    """
    if protocol == "choice":
        most = {"train": train, "search": search, "report": report}
        parts = divide(pools, **most, seed=seed, protocol="three-way", apart=apart)
        return parts[0], parts[1], parts[1]
    pools = {role: _ordered(pool, seed) for role, pool in pools.items()}
    if len(pools) == 1:
        pools = {"train": next(iter(pools.values()))}
    if "train" not in pools:
        origins = " and ".join(pool.origin for pool in pools.values())
        raise UserError(f"{origins}: there is nothing to train on; give data with a train split")
    pool, validation, test = pools["train"], pools.get("validation"), pools.get("test")
    held_out, one = test if validation is None else validation, protocol == "paper"
    if held_out is None:
        sizes = _carved_sizes(len(pool), search, report, one)
        return _carved(pool, train, sizes, one, apart)
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
    return _chosen(pool, stratified_order(_strata(pool.labels), np.random.default_rng(seed)))


def _strata(labels: Sequence[float]) -> Sequence[int]:
    """What is spread evenly: classes, or the tenth in which each number lies by its size."""
    if all(isinstance(label, int) for label in labels):
        return labels  # type: ignore[return-value]
    tenths = np.argsort(np.argsort(labels, kind="stable")) * _TENTHS // len(labels)
    # A stratum of a higher number starts later: that must not follow the size of the labels.
    found: list[int] = (tenths * _APART % _TENTHS).tolist()
    return found


def _ends(pool: Split, sizes: tuple[int, int], one: bool) -> tuple[Split, Split]:
    """Search-val from the front, report-val from the end (in the paper's protocol, the same)."""
    search = pool.head(sizes[0])
    if one:
        return search, search
    return search, Split(pool.texts[::-1], pool.labels[::-1], pool.origin).head(sizes[1])


def _carved(
    pool: Split, train: Most, sizes: tuple[int, int], one: bool, apart: bool
) -> tuple[Split, Split, Split]:
    """All three parts from one pool."""
    (front, end), n = sizes, len(pool)
    group = np.array(near_duplicates(pool.texts)) if apart else np.arange(n)
    order = np.argsort(group, kind="stable")  # a group stands where its first member stood
    search, middle, report = order[:front], order[front : n - end], order[n - end :][::-1]
    middle = _without(middle, group, np.concatenate([search, report]))
    held_out = _chosen(pool, search)
    reported = held_out if one else _chosen(pool, _without(report, group, search))
    return _chosen(pool, middle).head(train), held_out, reported


def _carved_sizes(n: int, search: Most, report: Most, one: bool) -> tuple[int, int]:
    """Texts of search-val and report-val out of n that must train, too."""
    largest = round(n * _LARGEST_SHARE)
    usual = min(max(round(n * _CARVED_SHARE), _CARVED_FEW), _CARVED_MOST)
    if one:
        asked = min((size for size in (search, report) if size), default=usual)
        return min(asked, largest), 0
    return min(search or usual, largest), min(report or usual, largest)


def _without(
    part: NDArray[np.intp], group: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The texts of a part that have no near-duplicate in another."""
    return part[~np.isin(group[part], group[other])]


def _chosen(pool: Split, places: NDArray[np.intp]) -> Split:
    texts = tuple(pool.texts[i] for i in places)
    return Split(texts, tuple(pool.labels[i] for i in places), pool.origin)


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

"""Which layers of the teacher each layer of a student learns from, where these are several."""

from collections.abc import Callable
from itertools import pairwise

Buckets = tuple[tuple[int, ...], ...]


def _regular(student: int, teacher: int) -> Buckets:
    ends = [j * teacher // max(student, 1) for j in range(student + 1)]
    return tuple(tuple(range(first + 1, last + 1)) for first, last in pairwise(ends))


def _widened(before: int, behind: int) -> Callable[[int, int], Buckets]:
    def rule(student: int, teacher: int) -> Buckets:
        return tuple(
            tuple(range(max(bucket[0] - before, 1), min(bucket[-1] + behind, teacher) + 1))
            if bucket
            else ()
            for bucket in _regular(student, teacher)
        )

    return rule


def _without_the_middle(student: int, teacher: int) -> Buckets:
    def outer(bucket: tuple[int, ...]) -> tuple[int, ...]:
        first = bucket[0] if bucket[0] == 1 else bucket[0] + 1
        last = bucket[-1] if bucket[-1] == teacher else bucket[-1] - 1
        return tuple(range(first, last + 1)) or bucket

    return tuple(outer(bucket) if bucket else () for bucket in _regular(student, teacher))


RULES: dict[str, Callable[[int, int], Buckets]] = {
    "all": lambda student, teacher: (tuple(range(1, teacher + 1)),) * student,
    "regular": _regular,
    "partial": _widened(0, 1),
    "overlap": _widened(1, 1),
    "skip-middle": _without_the_middle,
    "cross": lambda student, teacher: tuple(
        tuple(dict.fromkeys((bucket[0], bucket[-1]))) if bucket else ()
        for bucket in _regular(student, teacher)
    ),
}
"""The rules by name, each from the numbers of layers of student and teacher to layers of the
teacher, counted from 1, for each of the student's:

- `all`: every layer;
- `regular`: as many neighbours each as can be, none twice (the NO of Passban 2021);
- `partial`: those, and the first of the next bucket (PO);
- `overlap`: those, and one of each neighbouring bucket (this and the next two: Wu 2020);
- `skip-middle`: without the layers where two buckets meet, unless none would be left;
- `cross`: the first and the last of each bucket.
"""


def bucketed_layers(rule: str, student: int, teacher: int) -> Buckets:
    """The layers of the teacher that each layer of a student learns from.

    A student of more layers than its teacher has some that learn from none.

    >>> bucketed_layers("overlap", 2, 6)
    ((1, 2, 3, 4), (3, 4, 5, 6))

    Args:
        rule: A name in `RULES`.
        student: Layers of the student.
        teacher: Layers of the teacher.
    """
    return RULES[rule](student, teacher)

"""Which layer of the teacher each layer of a student follows."""

from collections.abc import Callable, Iterable

from kdnas.errors import UserError

RULES: dict[str, Callable[[int, int], Iterable[int]]] = {
    "ceil": lambda student, teacher: (-(-b * teacher // student) for b in range(1, student + 1)),
    "stride": lambda student, teacher: (b * (teacher // student) for b in range(1, student + 1)),
    "from-embedding": lambda student, teacher: (b * (teacher // student) for b in range(student)),
    "skip": lambda student, teacher: (round(b * teacher / student) for b in range(1, student)),
    "last": lambda student, teacher: (teacher - student + b for b in range(1, student)),
}
"""The rules by name, each from the numbers of layers of student and teacher to layers of the
teacher, counted from 1; 0 is its embedding.

- `ceil`, `stride`: the b-th of R follows b L / R, rounded up, or b times L / R rounded down;
- `from-embedding`: the same strides from layer 0 (Chen 2020);
- `skip`, `last`: all but the last layer of the student follow layers spread over the teacher, or
  those under its last one (Sun 2019, section 3.2).
"""


def followed_layers(rule: str | tuple[int, ...], student: int, teacher: int) -> tuple[int, ...]:
    """The layer of the teacher that each layer of the student follows; 0 is the embedding.

    >>> followed_layers("ceil", 5, 12)
    (3, 5, 8, 10, 12)
    >>> followed_layers("last", 6, 12)
    (7, 8, 9, 10, 11)
    >>> followed_layers((6,), 2, 12)
    (6,)

    Args:
        rule: A name in `RULES`, or the layers themselves, for the first layers of the student.
        student: Layers of the student that could follow one.
        teacher: Layers of the teacher.

    Raises:
        UserError: The layers that are named are more than the student has, or one is not there.
    """
    if isinstance(rule, str):
        return tuple(RULES[rule](student, teacher))
    if len(rule) > student or max(rule, default=0) > teacher:
        raise UserError(
            f"follow = {list(rule)}: a student of {student} layers follows as many of the"
            f" teacher's layers 1 to {teacher}, or fewer"
        )
    return rule

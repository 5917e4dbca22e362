"""A text: one string, or a pair of them such as a premise and a hypothesis.

Both strings are one line each. Where one string has to stand for a text, as in a file, a checksum
or an attack, a pair is its two lines (`written`), as TextAttack joins them.
"""

Text = str | tuple[str, str]


def written(text: Text) -> str:
    r"""A text as one string.

    >>> written("a film"), written(("a film", "it is long"))
    ('a film', 'a film\nit is long')
    """
    return text if isinstance(text, str) else "\n".join(text)


def columns_of(text: Text) -> tuple[str, ...]:
    r"""The one string of a text, or the two of a pair, written or not.

    >>> columns_of("a film"), columns_of("a film\nit is long")
    (('a film',), ('a film', 'it is long'))
    """
    return tuple(text.split("\n", 1)) if isinstance(text, str) else text


def as_read(text: Text) -> Text:
    r"""The text that was written: the reverse of `written`.

    >>> as_read("a film"), as_read("a film\nit is long")
    ('a film', ('a film', 'it is long'))
    """
    first, *others = columns_of(text)
    return (first, others[0]) if others else first

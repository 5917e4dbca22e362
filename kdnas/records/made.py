"""`MadeText`: a text that was made of another one, or found for it, and how alike they are."""

from dataclasses import dataclass

from kdnas.records.text import Text

MOST_MADE = 200
"""Of one training, so many are kept to look at."""


@dataclass(frozen=True)
class MadeText:
    """What a generator, an augmenter or an attack made of a training text, or its neighbour.

    Attributes:
        original: The training text.
        made: The other one.
        similarity: The cosine of both in the sentence encoder, -1 to 1; None where none is there.
        agrees: Whether the teacher gives both one class; None where labels are numbers.
    """

    original: Text
    made: Text
    similarity: float | None
    agrees: bool | None

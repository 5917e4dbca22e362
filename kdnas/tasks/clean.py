"""Cuts the texts of all pools and removes duplicates over all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from kdnas.records import Text, written
from kdnas.tasks.tables import Role
from kdnas.tasks.task import Split


@dataclass(frozen=True)
class Cleaned:
    """Pools without duplicates.

    Attributes:
        splits: By role.
        shortened: The texts that are only the beginning of their row's text.
        repeated: Rows removed because another row, which is kept, has the same text.
        conflicting: Rows removed because their text has another label elsewhere.
    """

    splits: Mapping[Role, Split]
    shortened: frozenset[Text]
    repeated: int
    conflicting: int


def clean(splits: Mapping[Role, Split], cut: Callable[[Text], Text]) -> Cleaned:
    """Cuts every text, then keeps each text once.

    Of equal texts (but for upper and lower case) the one in test is kept before the one in
    validation, and that before the one in train; none is kept if their labels differ. Pairs are
    equal in both strings. Duplicates are looked for in the cut texts, because those are all that a
    student sees.
    """
    cuts = {role: replace(s, texts=tuple(map(cut, s.texts))) for role, s in splits.items()}
    shortened = frozenset(
        short
        for role, split in splits.items()
        for text, short in zip(split.texts, cuts[role].texts, strict=True)
        if short != text
    )
    labels: dict[str, set[int]] = {}
    for split in cuts.values():
        for text, label in zip(split.texts, split.labels, strict=True):
            labels.setdefault(_key(text), set()).add(label)
    taken = {key for key, found in labels.items() if len(found) > 1}
    conflicting = sum(_key(text) in taken for s in cuts.values() for text in s.texts)
    order: tuple[Role, ...] = ("test", "validation", "train")
    kept = {role: _without(cuts[role], taken) for role in order if role in cuts}
    removed = sum(map(len, cuts.values())) - sum(map(len, kept.values()))
    return Cleaned(kept, shortened, removed - conflicting, conflicting)


def _key(text: Text) -> str:
    """What equal texts have in common."""
    return written(text).lower()


def _without(split: Split, taken: set[str]) -> Split:
    """The split without the texts in `taken`, to which its own texts are added."""
    kept = []
    for i, text in enumerate(split.texts):
        if _key(text) not in taken:
            taken.add(_key(text))
            kept.append(i)
    return Split(
        tuple(split.texts[i] for i in kept), tuple(split.labels[i] for i in kept), split.origin
    )

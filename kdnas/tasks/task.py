"""What a task is: three splits, the names of the classes, and where the texts came from."""

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from kdnas.cache import fingerprint
from kdnas.metrics import constant_score
from kdnas.records import Text, is_sentiment, written

_NAMED = 5
"""Classes whose texts are counted one by one."""

NUMBER = "number"
"""What a model calls its one output where labels are numbers."""


@dataclass(frozen=True)
class Split:
    """Labelled texts; those of a task are ordered so that every prefix is nearly stratified.

    Attributes:
        texts: Of one line each, or pairs of such lines.
        labels: Class numbers, or the numbers that are to be predicted, as many as texts.
        origin: The pool that the texts were taken from.
    """

    texts: tuple[Text, ...]
    labels: tuple[Any, ...]
    origin: str

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def sha256(self) -> str:
        """A checksum over the texts: each, a pair as its two lines, a tab, the label, a line feed.

        >>> Split(("a film",), (1,), "").sha256[:8]
        '01e3535c'
        """
        pairs = zip(self.texts, self.labels, strict=True)
        lines = (f"{written(text)}\t{label}\n" for text, label in pairs)
        return sha256("".join(lines).encode()).hexdigest()

    def head(self, n: int | None) -> "Split":
        """The first n texts, or all of them for None or where there are fewer.

        The heads of one split contain each other.
        """
        return Split(self.texts[:n], self.labels[:n], self.origin)


@dataclass(frozen=True)
class Task:
    """A task of text classification or regression, ready to train on.

    Attributes:
        name: As it was asked for: an offline task, a hub id or a path.
        label_names: Name of each class, of which a label is a position; `NUMBER` alone where
            labels are numbers.
        train, search, report: Pairwise disjoint, save that the protocols `paper` and `choice`
            make report the same as search.
        cut_share: Share of the texts of all splits that were cut to what a student sees.
        overlap: Share of the validation texts whose 4-grams all occur in the training texts.
        duplicates: Rows removed because another row had the same text.
        licence: Of the data, or that none is stated.
        empty: Rows dropped because they had no text or no label.
        offline: Whether it came from the offline extra; its results are labelled as such.
        remarks: What a user should know of how the texts were read; often nothing.
        metric: What it is scored by, a name in `kdnas.metrics.TASK_METRICS`.
    """

    name: str
    label_names: tuple[str, ...]
    train: Split
    search: Split
    report: Split
    cut_share: float
    overlap: float
    duplicates: int
    licence: str
    empty: int = 0
    offline: bool = False
    remarks: tuple[str, ...] = ()
    metric: str = "accuracy"

    @property
    def of_numbers(self) -> bool:
        """Whether labels are numbers, not classes."""
        return len(self.label_names) == 1

    def majority_share(self, split: Split) -> float:
        """The score on a split of always giving the most frequent class, or the mean."""
        return constant_score(split.labels, len(self.label_names), self.metric)

    @property
    def sentiment(self) -> bool:
        """Whether the classes are sentiments."""
        return is_sentiment(self.label_names)

    @property
    def pairs(self) -> bool:
        """Whether its texts are pairs."""
        return any(isinstance(text, tuple) for text in self.train.texts[:1])

    @property
    def splits(self) -> dict[str, Split]:
        """The three splits by name."""
        return {"train": self.train, "search": self.search, "report": self.report}

    @property
    def sizes(self) -> str:
        """The texts of each split, and how many of each class, in words."""
        return "; ".join(f"{name} {self._counts(split)}" for name, split in self.splits.items())

    def _counts(self, split: Split) -> str:
        if self.of_numbers:
            return str(len(split))
        number = Counter(split.labels)
        each = [f"{name} {number[label]}" for label, name in enumerate(self.label_names)]
        more = ", ..." if len(each) > _NAMED else ""
        return f"{len(split)} ({', '.join(each[:_NAMED])}{more})"

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits over the texts and labels of all splits and the label names."""
        content = {name: [split.texts, split.labels] for name, split in self.splits.items()}
        return fingerprint(label_names=self.label_names, **content)

    def summary(self) -> dict[str, Any]:
        """What a record keeps of the task, in a JSON form."""
        splits = {
            name: {
                "texts": len(split),
                "origin": split.origin,
                "majority_share": self.majority_share(split),
                "sha256": split.sha256,
            }
            for name, split in self.splits.items()
        }
        return {
            "name": self.name,
            "labels": list(self.label_names),
            "pairs": self.pairs,
            "metric": self.metric,
            "splits": splits,
            "cut_share": self.cut_share,
            "overlap": self.overlap,
            "duplicates": self.duplicates,
            "empty": self.empty,
            "licence": self.licence,
            "offline": self.offline,
            "fingerprint": self.fingerprint,
        }

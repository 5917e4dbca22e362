"""What an attack is and what came of it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal, Self

from kdnas.errors import UserError

Outcome = Literal["skipped", "succeeded", "failed"]
Recipe = Literal["textfooler", "deepwordbug", "pruthi"]
Resources = Literal["offline", "textattack"]
WordClasses = Literal["lexicon", "tagger"]
AttackMode = Literal["lazy", "exact"]
Engine = Literal["lockstep", "textattack"]
SpecName = Literal["rosearch", "textattack"]


@dataclass(frozen=True)
class AttackSpec:
    """Everything that decides what an attack does; scores of different specs are not comparable.

    Attributes:
        recipe: The attack, by TextAttack's definition of it.
        similarity: Least angular similarity 1 - angle / pi of the sentence windows.
        word_cosine: Least cosine of a word and its substitute.
        candidates: Nearest neighbours tried per word.
        window: Words of the window that the sentence encoder compares; in shorter texts the
            similarity is not checked.
        resources: Where vectors, word classes and the encoder come from.
        vocabulary: Words of the offline vectors.
        polarity_check: Whether substitutes of another sentiment are refused (offline only).
        word_classes: `lexicon`, the classes that a word can have, or `tagger`, the one that NLTK's
            tagger finds for it in its context (for offline resources; textattack's have it).
        query_budget: Most queries per text, at least 1; None for no limit.
        mode: `exact` counts TextAttack's queries; `lazy` comes to the same outcomes and perturbed
            texts with fewer encodings, but cannot count what TextAttack would have asked.
        seed: Of the recipes that draw; each text has a generator of its own.
    """

    recipe: Recipe = "textfooler"
    similarity: float = 1 - 0.3 / math.pi
    word_cosine: float = 0.5
    candidates: int = 50
    window: int = 15
    resources: Resources = "offline"
    vocabulary: int = 40_000
    polarity_check: bool = False
    word_classes: WordClasses = "lexicon"
    query_budget: int | None = None
    mode: AttackMode = "exact"
    seed: int = 0

    @property
    def lazy(self) -> bool:
        """Whether queries are not counted; a budget has to count them."""
        return self.mode == "lazy" and self.query_budget is None

    @property
    def digest(self) -> str:
        """12 hexadecimal digits that change with every field."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:12]

    def as_record(self) -> dict[str, Any]:
        """Return the fields in a JSON form."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Return the spec whose fields `as_record` gave.

        Raises:
            TypeError: A field is unknown.
        """
        return cls(**record)


SIMILARITY_THRESHOLDS: dict[str, float] = {
    # TextAttack's recipe: an angle of at most 0.5 rad between the windows.
    "textattack": 0.840845057,
    # Guo 2021 sets 0.7 on the scale of the original script, 1 - angle, so 0.3 rad.
    "rosearch": 1 - 0.3 / math.pi,
}
"""The named specs: they differ in the angular similarity that the attack has to keep."""


def named_spec(name: str, *, resources: Resources = "offline") -> AttackSpec:
    """The spec of that name.

    >>> round(named_spec("rosearch").similarity, 6)
    0.904507

    Raises:
        UserError: There is no such name.
    """
    if name not in SIMILARITY_THRESHOLDS:
        names = ", ".join(SIMILARITY_THRESHOLDS)
        raise UserError(f"attack spec {name!r}: use one of {names}")
    return AttackSpec(similarity=SIMILARITY_THRESHOLDS[name], resources=resources)


@dataclass(frozen=True)
class TextOutcome:
    """What an attack did to one text.

    Attributes:
        index: Position in the split.
        label: True class.
        predicted: Class of the unchanged text.
        outcome: `skipped` (was wrong already), `succeeded` (flipped) or `failed` (held).
        words: Words of the text, as TextAttack counts them.
        words_changed: Of these, changed in the perturbed text.
        queries: Queries as TextAttack counts them; None where the attack was lazy.
        perturbed: The adversarial text where the attack succeeded, else "".
        sent: Texts that the victim really scored; what earlier attacks left in the caches makes
            them fewer, so they are no property of the victim.
    """

    index: int
    label: int
    predicted: int
    outcome: Outcome
    words: int
    words_changed: int
    queries: int | None
    perturbed: str = ""
    sent: int = field(default=0, compare=False)


@dataclass(frozen=True)
class AttackOutcome:
    """Counts over the attacked texts; every ratio is derived from them.

    The denominator of robustness is ALL texts: misclassified ones are skipped and stay wrong
    (Jin 2020, Morris 2020), so that robustness = accuracy * (1 - success rate).

    Attributes:
        skipped, succeeded, failed: Texts by outcome, one number per true class.
        queries: Queries over the texts that were attacked, i.e. not skipped; None where they were
            not counted.
        words_changed_share: Sum over successes of changed words / words.
    """

    skipped: tuple[float, ...]
    succeeded: tuple[float, ...]
    failed: tuple[float, ...]
    queries: float | None = None
    words_changed_share: float = 0.0

    @classmethod
    def of(cls, texts: Sequence[TextOutcome], classes: int) -> "AttackOutcome":
        """The counts of `texts`."""

        def count(outcome: Outcome) -> tuple[int, ...]:
            hits = [t.label for t in texts if t.outcome == outcome]
            return tuple(hits.count(label) for label in range(classes))

        counted = [t.queries for t in texts if t.outcome != "skipped" and t.queries is not None]
        return cls(
            count("skipped"),
            count("succeeded"),
            count("failed"),
            None if any(t.queries is None for t in texts) else sum(counted),
            sum(t.words_changed / max(t.words, 1) for t in texts if t.outcome == "succeeded"),
        )

    @property
    def texts(self) -> int:
        """All texts of the attacked set, N."""
        return round(sum(self.skipped) + sum(self.succeeded) + sum(self.failed))

    @property
    def accuracy(self) -> float:
        """Share that was right before the attack."""
        return (sum(self.succeeded) + sum(self.failed)) / self.texts

    @property
    def robustness(self) -> float:
        """Share that is still right after it: accuracy under attack."""
        return sum(self.failed) / self.texts

    @property
    def class_robustness(self) -> tuple[float, ...]:
        """Robustness among the texts of each class; classes without texts are left out."""
        rows = zip(self.skipped, self.succeeded, self.failed, strict=True)
        return tuple(held / (s + f + held) for s, f, held in rows if s + f + held)

    @property
    def success_rate(self) -> float:
        """Share of the attacks that succeeded; 0 where nothing was attacked."""
        attacked = sum(self.succeeded) + sum(self.failed)
        return sum(self.succeeded) / attacked if attacked else 0.0

    @property
    def mean_queries(self) -> float:
        """Queries per text that was attacked; NaN where they were not counted."""
        if self.queries is None:
            return math.nan
        return self.queries / max(sum(self.succeeded) + sum(self.failed), 1)

    @property
    def mean_words_changed(self) -> float:
        """Share of words changed, mean over the successes (W%)."""
        return self.words_changed_share / max(sum(self.succeeded), 1)

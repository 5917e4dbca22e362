"""What an attack is and what came of it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import InitVar, asdict, dataclass, field
from hashlib import sha256
from typing import Any, Literal

from kdnas.errors import UserError
from kdnas.records.recipes import ATTACKS, LABELS, Resources, StopWords
from kdnas.records.text import Text

Outcome = Literal["skipped", "succeeded", "failed"]
AttackMode = Literal["lazy", "exact"]
Engine = Literal["lockstep", "textattack"]


@dataclass(frozen=True)
class AttackSpec:
    """Everything that decides what an attack does; scores of different specs are not comparable.

    A spec is fixed when it is made: names of values become the values, and what the recipe does
    not use takes one value. So two attacks that come to the same outcomes have the same digest.

    Args:
        sentiment: Whether the classes of the task are sentiments, for settings that depend on it.

    Attributes:
        recipe: Its name in `ATTACKS`.
        settings: The recipe's own, by default its defaults; a plain mapping in a spec from a
            record whose recipe is not there.
        resources: Where vectors, word classes and the encoder come from.
        query_budget: Most queries per text, at least 1; None for no limit.
        mode: `exact` counts TextAttack's queries; `lazy` comes to the same outcomes and perturbed
            texts with fewer encodings, but cannot count what TextAttack would have asked. A budget
            has to count, so it makes every attack exact.
        seed: The seed of recipes that draw, 0 for others; each text has a generator of its own.

    Raises:
        UserError: There is no such recipe.
    """

    recipe: str = "textfooler"
    settings: Any = None
    resources: Resources = "offline"
    query_budget: int | None = None
    mode: AttackMode = "exact"
    seed: int = 0
    sentiment: InitVar[bool] = False

    def __post_init__(self, sentiment: bool) -> None:
        if isinstance(self.settings, Mapping):
            return  # from a record, so fixed already
        recipe = ATTACKS[self.recipe]
        given = recipe.settings() if self.settings is None else self.settings
        fixed = {
            "settings": recipe.fixed(given, self.resources, sentiment),
            "mode": self.mode if self.query_budget is None else "exact",
            "seed": self.seed if recipe.draws else 0,
        }
        for name, value in fixed.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "AttackSpec":
        """The spec that `as_record` gave; no recipe is imported for it.

        Raises:
            UserError: The record is of another form.
        """
        try:
            recipe = ATTACKS.get(record["recipe"])
            settings = dict(record["settings"])
            own = settings if recipe is None else recipe.settings(**settings)
            return cls(**{**record, "settings": own})
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"no attack spec ({error!r})") from error

    def as_record(self) -> dict[str, Any]:
        """All fields in a JSON form."""
        return asdict(self)

    @property
    def digest(self) -> str:
        """12 hexadecimal digits that change with everything that can change an outcome."""
        decisive = {name: value for name, value in self.as_record().items() if name != "mode"}
        if self.stopwords == "nltk":  # until 0.1.0 it could be an empty list
            decisive["stopwords"] = self.stopwords
        return sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]

    def __str__(self) -> str:
        """The attack in words, with all that decides about it."""
        named = self.as_record()["settings"].items()
        settings = ", ".join(f"{name} {_short(value)}" for name, value in named)
        more = [f"{self.resources} resources"]
        more += ["NLTK's stop words"] if self.stopwords == "nltk" else []
        more += [f"at most {self.query_budget} queries a text"] if self.query_budget else []
        more += [f"seed {self.seed}"] if self.seed else []
        return f"{self.recipe}{f' ({settings})' if settings else ''}, {', '.join(more)}"

    @property
    def label(self) -> str:
        """What tables call the recipe."""
        return LABELS.get(self.recipe, self.recipe)

    @property
    def stopwords(self) -> StopWords | None:
        """The list of words that are never changed; None for none, or one that the code has."""
        recipe = ATTACKS.get(self.recipe)
        named = None if recipe is None else recipe.stopwords
        return "textfooler" if named and self.resources == "offline" else named

    @property
    def lazy(self) -> bool:
        """Whether queries are not counted."""
        return self.mode == "lazy"

    @property
    def in_lockstep(self) -> bool:
        """Whether the engine can execute it; TextAttack does otherwise, text after text."""
        return ATTACKS[self.recipe].in_lockstep


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


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
    perturbed: Text = ""
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
        summed_changed_shares: Sum over the successes of the share of words that was changed.
    """

    skipped: tuple[float, ...]
    succeeded: tuple[float, ...]
    failed: tuple[float, ...]
    queries: float | None = None
    summed_changed_shares: float = 0.0

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
        """Share that was right before the attack; NaN where nothing is attacked."""
        right = sum(self.succeeded) + sum(self.failed)
        return right / self.texts if self.texts else math.nan

    @property
    def robustness(self) -> float:
        """Share that is still right after it: accuracy under attack; NaN where nothing is."""
        return sum(self.failed) / self.texts if self.texts else math.nan

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
    def mean_changed_share(self) -> float:
        """Mean over the successes of the share of words that was changed (W%)."""
        return self.summed_changed_shares / max(sum(self.succeeded), 1)

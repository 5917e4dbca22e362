"""The recipes of attacks: what each is made of and what can be set.

A `Recipe` is a light value: what needs torch or textattack it names as `module:attribute`, so that
configurations and archives know the recipes without either. The parts themselves are in
`kdnas.attacks.recipes`, one file a recipe. A user adds a recipe by `ATTACKS.add(name, Recipe(...))`
or names it as `module:name` in `attack.recipe`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from kdnas.errors import UserError
from kdnas.registry import Registry

Resources = Literal["offline", "textattack"]
WordClasses = Literal["lexicon", "tagger"]
Polarity = Literal["auto", "on", "off"]
Need = Literal["vectors", "encoder"]
StopWords = Literal["textfooler", "nltk"]

SIMILARITY_THRESHOLDS: dict[str, float] = {
    # TextAttack's recipe: an angle of at most 0.5 rad between the windows.
    "textattack": 0.840845057,
    # Guo 2021 sets 0.7 on the scale of the original script, 1 - angle, so 0.3 rad.
    "rosearch": 1 - 0.3 / math.pi,
}
"""The named values of `TextFooler.similarity`."""


def _known_threshold(value: float | str) -> float | str:
    known = value in SIMILARITY_THRESHOLDS if isinstance(value, str) else 0 <= value <= 1
    if not known:
        names = " or ".join(SIMILARITY_THRESHOLDS)
        raise UserError(f"similarity {value!r}: use a number from 0 to 1, or {names}")
    return value


_SENTIMENTS = {"negative", "neg", "bad", "neutral", "positive", "pos", "good"}
"""What data sets call the classes of sentiments."""


def is_sentiment(classes: Sequence[str]) -> bool:
    """Whether the names of classes are those of sentiments, in any case; one of them is enough."""
    return _SENTIMENTS.issuperset(name.lower() for name in classes)


@dataclass(frozen=True)
class NoSettings:
    """The settings of a recipe that has none."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class TextFooler:
    """The settings of TextFooler (Jin 2020).

    Attributes:
        similarity: Least similarity of sentence windows, 1 - angle / pi; by name `rosearch` (the
            paper's) or `textattack` (the recipe's, which allows more).
        word_cosine: Least cosine of a word and its substitute.
        candidates: Nearest neighbours tried per word.
        window: Words of the window that the sentence encoder compares; in shorter texts the
            similarity is not checked.
        vocabulary: Words of the offline vectors; 0 in a spec with textattack's.
        polarity: Whether substitutes of another sentiment are refused (offline only); `auto` does
            so where the classes of the data are called negative and positive, neg and pos, or bad
            and good, with or without neutral, whatever a model calls them.
        word_classes: `lexicon`, the classes that a word can have, or `tagger`, the one that NLTK's
            tagger finds for it in its context; textattack's resources have the tagger.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    similarity: Annotated[float | str, AfterValidator(_known_threshold)] = "rosearch"
    word_cosine: Annotated[float, Field(ge=-1, le=1)] = 0.5
    candidates: Annotated[int, Field(ge=1, le=50)] = 50
    window: Annotated[int, Field(ge=1)] = 15
    vocabulary: Annotated[int, Field(ge=1000, le=400_000)] = 40_000
    polarity: Polarity = "auto"
    word_classes: WordClasses = "lexicon"

    def fixed(self, resources: Resources, sentiment: bool) -> "TextFooler":
        """The settings with nothing left open, for classes that are sentiments or others.

        TextAttack's resources are its own vectors and tagger, without a lexicon of sentiments.

        Raises:
            UserError: No similarity has that name.
        """
        value = _known_threshold(self.similarity)
        similarity = SIMILARITY_THRESHOLDS[value] if isinstance(value, str) else float(value)
        if resources == "textattack":
            theirs = replace(self, vocabulary=0, polarity="off", word_classes="tagger")
            return replace(theirs, similarity=similarity)
        checked = sentiment if self.polarity == "auto" else self.polarity == "on"
        return replace(self, similarity=similarity, polarity="on" if checked else "off")


def _as_given(settings: Any, resources: Resources, sentiment: bool) -> Any:
    """The settings of a recipe that leaves nothing open."""
    return settings


@dataclass(frozen=True)
class Recipe:
    """An attack, made of parts that are objects or stand as `module:attribute`.

    Attributes:
        build: How TextAttack builds it: (model wrapper, settings, `AttackResources`) to a
            `textattack.Attack`. That is enough: TextAttack then executes it, text after text.
        settings: A frozen dataclass, all of whose fields have defaults.
        fixed: (settings, resources, whether the classes are sentiments) to settings in which
            nothing is left open and nothing differs that changes no outcome.
        needs: The `vectors` of words (the settings then have a `vocabulary`, of the offline ones),
            and the sentence `encoder`, which compares windows (they have `similarity` and
            `window`).
        draws: Whether it draws at random, so that the seed decides.
        candidates: Its part in the engine: (`TextPlan`, settings, seed) to `Candidates`; None
            where only TextAttack can execute it.
        substitutes: What lists the candidates of a word in advance, for the plan of a text to keep
            them: (settings, `AttackResources`) to a function of (words, position); None where there
            is nothing to keep.
        stopwords: The list of words that it never changes: `textfooler` or `nltk` (NLTK's English
            one); offline the former takes the latter's place. None where it has none.
        keeps_premise: Whether it leaves the first string of a pair as it is, as TextAttack's recipe
            does where it has an `InputColumnModification`. That also decides in which order it
            lists words of equal importance, of single texts too.
    """

    build: str | Callable[..., Any]
    settings: type = NoSettings
    fixed: Callable[[Any, Resources, bool], Any] = _as_given
    needs: tuple[Need, ...] = ()
    draws: bool = False
    candidates: str | Callable[..., Any] | None = None
    substitutes: str | Callable[..., Any] | None = None
    stopwords: StopWords | None = None
    keeps_premise: bool = False

    @property
    def in_lockstep(self) -> bool:
        """Whether the engine can execute it; TextAttack does otherwise, text after text."""
        return self.candidates is not None

    @property
    def stores_plans(self) -> bool:
        """Whether the plans of texts are kept on disk: a user's code that makes them may change."""
        makers = (self.build, self.substitutes or "kdnas.")
        return all(isinstance(part, str) and part.startswith("kdnas.") for part in makers)


_PARTS = "kdnas.attacks.recipes"

ATTACKS: Registry[Recipe] = Registry(
    "attack",
    {
        "textfooler": Recipe(
            build=f"{_PARTS}.textfooler:build",
            settings=TextFooler,
            fixed=TextFooler.fixed,
            needs=("vectors", "encoder"),
            candidates=f"{_PARTS}.textfooler:Neighbours",
            substitutes=f"{_PARTS}.textfooler:Substitutes",
            stopwords="textfooler",
            keeps_premise=True,
        ),
        "deepwordbug": Recipe(
            build=f"{_PARTS}.deepwordbug:build",
            draws=True,
            candidates=f"{_PARTS}.deepwordbug:Mistyped",
            stopwords="nltk",
        ),
        "pruthi": Recipe(build=f"{_PARTS}.pruthi:build", draws=True, stopwords="nltk"),
    },
    form=Recipe,
)

LABELS = {"textfooler": "TextFooler", "deepwordbug": "DeepWordBug", "pruthi": "Pruthi"}
"""What tables call these recipes. Others go by their names, whether or not their code is here."""

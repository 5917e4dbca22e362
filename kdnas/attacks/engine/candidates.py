"""What a recipe puts in a word's place, and what it leaves there to see how important a word is."""

from collections.abc import Sequence
from typing import Any, Protocol

from kdnas.attacks.engine.plans import TextPlan
from kdnas.attacks.parts import Parts, deletion, swap_texts, words_of
from kdnas.attacks.recipes.deepwordbug import UNKNOWN, Typos, within_distance
from kdnas.attacks.victim import Victim


class Candidates(Protocol):
    """The candidates of one text's words."""

    def exist(self, i: int) -> bool:
        """Whether word i may have any."""
        ...

    def of(self, parts: Parts, i: int) -> Sequence[str]:
        """Those of word i in the text as it is by now."""
        ...

    def without(self, i: int) -> str:
        """The original text with word i made unknown."""
        ...

    def rows_without(self, victim: Victim, positions: Sequence[int]) -> list[Any]:
        """The rows of these texts."""
        ...


class PlannedCandidates:
    """TextFooler's: synonyms that the plan lists; words are made unknown by deleting them."""

    def __init__(self, plan: TextPlan) -> None:
        self._plan = plan

    def exist(self, i: int) -> bool:
        """Whether word i has any."""
        return i in self._plan.substitutes

    def of(self, parts: Parts, i: int) -> Sequence[str]:
        """Those of word i."""
        return self._plan.substitutes[i]

    def without(self, i: int) -> str:
        """The original text without word i."""
        return deletion(self._plan.parts, i)

    def rows_without(self, victim: Victim, positions: Sequence[int]) -> list[Any]:
        """The rows of these texts."""
        return victim.deletion_rows(self._plan.parts, positions)


class DrawnCandidates:
    """DeepWordBug's: typing errors, drawn at every call; unknown words become a token."""

    def __init__(self, plan: TextPlan, seed: int) -> None:
        self._plan, self._typos = plan, Typos(seed)

    def exist(self, i: int) -> bool:
        """Whether word i is long enough to be mistyped."""
        return len(words_of(self._plan.parts)[i]) > 1

    def of(self, parts: Parts, i: int) -> Sequence[str]:
        """Those of word i that leave the text near enough to the original."""
        original = "".join(self._plan.parts)
        words = self._typos(words_of(parts)[i])
        texts = swap_texts(parts, i, words)
        pairs = zip(words, texts, strict=True)
        return [word for word, text in pairs if within_distance(original, text)]

    def without(self, i: int) -> str:
        """The original text with word i unknown."""
        return swap_texts(self._plan.parts, i, [UNKNOWN])[0]

    def rows_without(self, victim: Victim, positions: Sequence[int]) -> list[Any]:
        """The rows of these texts."""
        return victim.encode([self.without(i) for i in positions])

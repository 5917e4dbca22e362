"""What a recipe puts in a word's place, and what it leaves there to see how important a word is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from kdnas.attacks.engine.plans import TextPlan
from kdnas.attacks.parts import Parts, deletion, swap_texts
from kdnas.attacks.victim import Victim

UNKNOWN = "[UNK]"
"""Stands in for a word whose importance is measured, where it is not deleted."""


class Candidates(ABC):
    """The candidates of one text's words: a recipe's part in the engine.

    A candidate is one word again, wherever it stands (`kdnas.attacks.parts.one_word`).

    Args:
        plan: The text.
        settings: The recipe's.
        seed: For the draws of this text.
    """

    def __init__(self, plan: TextPlan, settings: Any, seed: int) -> None:
        self.plan, self.settings, self.seed = plan, settings, seed

    def exist(self, i: int) -> bool:
        """Whether word i may have any."""
        return True

    @abstractmethod
    def of(self, parts: Parts, i: int) -> Sequence[str]:
        """The candidates of word i in the text as it is by now, in the recipe's order."""

    @abstractmethod
    def without(self, i: int) -> str:
        """The original text with word i made unknown."""

    def rows_without(self, victim: Victim, positions: Sequence[int]) -> list[Any]:
        """The victim's rows of these texts."""
        return victim.encode([self.without(i) for i in positions])


class DeletesWords(Candidates):
    """Candidates of a recipe that deletes a word to see how important it is (`delete`)."""

    def without(self, i: int) -> str:
        """The original text without word i."""
        return deletion(self.plan.parts, i)

    def rows_without(self, victim: Victim, positions: Sequence[int]) -> list[Any]:
        """The victim's rows of these texts, spliced where it can."""
        return victim.deletion_rows(self.plan.parts, positions)


class MakesWordsUnknown(Candidates):
    """Candidates of a recipe that puts a token in a word's place to see its importance (`unk`)."""

    def without(self, i: int) -> str:
        """The original text with the token of unknown words as word i."""
        return swap_texts(self.plan.parts, i, [UNKNOWN])[0]

"""The units in which readers see values, and the standard error of a share."""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

Value = TypeVar("Value", float, np.ndarray)


@dataclass(frozen=True)
class Unit:
    """The way from a natural value (a share, a plain count, seconds) to what readers see.

    Attributes:
        factor, per: A value is shown as `factor` times it, divided by `per`.
        digits: The format of a number.
        header: What follows the name of a table's column.
        axis: What stands in brackets behind the name of an axis.
        most: The largest natural value that there can be, where it is known.
    """

    factor: float = 1.0
    per: float = 1.0
    digits: str = ""
    header: str = ""
    axis: str = ""
    most: float | None = None

    def convert(self, value: Value) -> Value:
        """The value in this unit."""
        return self.factor * value / self.per

    def write(self, value: float, error: float | None = None) -> str:
        """The value in this unit as text, with its standard error where there is one.

        >>> POINTS.write(0.785, 0.0208)
        '78.5 ± 2.1'
        >>> MILLIONS.write(4_003_426), MILLIONS.write(131_200_000)
        ('4.00', '131')
        """
        text = f"{self.convert(value):{self.digits}}".rstrip(".")
        return text if error is None else f"{text} ± {self.convert(error):{self.digits}}"


POINTS = Unit(factor=100.0, digits=".1f", axis="%", most=1.0)
"""Percentage points, to one digit."""

PERCENT = Unit(factor=100.0, digits=".1f", header="%", axis="%", most=1.0)
"""The same for shares that are no scores: columns name the unit."""

MILLIONS = Unit(per=1e6, digits="#.3g", header="M", axis="M")
SECONDS = Unit(digits=".0f", header="s", axis="s")
NUMBER = Unit(digits=".10g")
"""Whole numbers as they are, others to ten digits."""


def points(share: Value) -> Value:
    """A share in percentage points."""
    return POINTS.convert(share)


def standard_error(share: float, texts: int) -> float:
    """The binomial standard error of a share of `texts` texts; NaN without texts.

    >>> round(standard_error(0.2, 100), 3)
    0.04
    """
    return math.sqrt(share * (1 - share) / texts) if texts else math.nan

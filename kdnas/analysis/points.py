"""Shares as readers see them: in points, with the standard error of their sample."""

from kdnas.objectives import standard_error
from kdnas.records import Measurement


def accuracy_error(measurement: Measurement) -> float:
    """Binomial standard error of the accuracy (share)."""
    return standard_error(measurement.accuracy, measurement.texts)


def robustness_error(measurement: Measurement) -> float:
    """Binomial standard error of the accuracy under attack (share)."""
    return standard_error(measurement.robustness, measurement.attack.texts)


def in_points(share: float, error: float | None = None) -> str:
    """A share in points, with its standard error where there is one.

    >>> in_points(0.785, 0.0208)
    '78.5 ± 2.1'
    """
    return f"{100 * share:.1f}" + (f" ± {100 * error:.1f}" if error is not None else "")


def in_millions(parameters: float) -> str:
    """A parameter count in millions, to three digits.

    >>> in_millions(4_003_426), in_millions(16_290_000), in_millions(131_200_000)
    ('4.00', '16.3', '131')
    """
    return f"{parameters / 1e6:#.3g}".rstrip(".")

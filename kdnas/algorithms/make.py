"""`make_algorithm`: the algorithm that settings name, with the arguments that it asks for."""

from inspect import signature
from typing import Any

from kdnas.algorithms.interface import Algorithm
from kdnas.config import ALGORITHMS, SearchSettings
from kdnas.errors import UserError
from kdnas.metrics import Weights, metrics_of
from kdnas.registry import resolve
from kdnas.space import Accept, Space


def make_algorithm(
    settings: SearchSettings, space: Space[Any], weights: Weights, floor: float, accept: Accept
) -> Algorithm:
    """The algorithm that `settings` name, at its start.

    Each algorithm is handed what its keyword arguments name: settings of the section `search`, and
    the arguments of this function.

    Args:
        settings: The search section of the configuration.
        space: Where students come from.
        weights: Of the fitness.
        floor: Least accuracy; a student below it loses to every other.
        accept: What a student must fulfil to be proposed, known before training.

    Raises:
        UserError: The algorithm wants what no search has, or has no `ask` and `tell`.
    """
    offered = {
        **dict(settings),
        "objectives": metrics_of(settings.objectives),
        "space": space,
        "weights": weights,
        "floor": floor,
        "accept": accept,
    }
    part = ALGORITHMS[settings.algorithm]
    make = resolve(part) if isinstance(part, str) else part
    if settings.asynchronous:
        make = getattr(make, "asynchronous", make)  # an algorithm may have a class for it
    wanted = signature(make).parameters
    missing = [name for name in wanted if name not in offered]
    if missing:
        raise UserError(
            f"algorithm {settings.algorithm} wants {missing[0]!r}; a search has"
            f" {', '.join(sorted(offered))}"
        )
    lacks = [name for name in ("ask", "tell") if not hasattr(make, name)]
    if lacks:
        raise UserError(
            f"algorithm {settings.algorithm} has no {' and no '.join(lacks)}: name a class that"
            " has them, see kdnas.algorithms.Algorithm"
        )
    algorithm: Algorithm = make(**{name: offered[name] for name in wanted})
    return algorithm

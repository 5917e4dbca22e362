"""From settings to an algorithm."""

from kdnas.algorithms.interface import Algorithm
from kdnas.algorithms.nsga2 import NSGA2
from kdnas.algorithms.random_search import RandomSearch
from kdnas.algorithms.steady_nsga2 import SteadyNSGA2
from kdnas.algorithms.tournament import TournamentGA
from kdnas.config import SearchSettings
from kdnas.metrics import Weights
from kdnas.space import Accept, SearchSpace


def make_algorithm(
    settings: SearchSettings, space: SearchSpace, weights: Weights, floor: float, accept: Accept
) -> Algorithm:
    """The algorithm that `settings` name, at its start.

    Args:
        settings: The search section of the configuration.
        space: Where students come from.
        weights: Of the fitness (`tournament` only).
        floor: Least accuracy; a student below it loses to every other.
        accept: What a student must fulfil to be proposed, known before training.
    """
    match settings.algorithm:
        case "tournament":
            return TournamentGA(settings, space, weights, floor, accept)
        case "nsga2":
            kind = SteadyNSGA2 if settings.asynchronous else NSGA2
            return kind(settings, space, floor, accept)
        case "random_edits" | "random_uniform":
            return RandomSearch(settings, space, accept)

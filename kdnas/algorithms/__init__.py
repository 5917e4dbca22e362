"""The search algorithms: each proposes students (`ask`) and learns from their results (`tell`).

- `TournamentGA`: the evolutionary search of Guo 2021 on the weighted fitness;
- `NSGA2`, `SteadyNSGA2`: the Pareto search, pymoo's NSGA-II, in generations and without;
- `RandomSearch`, `UniformSearch`: what every search is compared with;
- `Replicated`: any of them, with several trials of each student.

`ALGORITHMS` has them by name; a user adds a class with `ask` and `tell`, whose keyword arguments
say what it is handed (`make_algorithm`).

They share the `Algorithm` interface, know nothing of training, archives or workers, and draw from
one seeded generator: equal results in equal order give equal proposals.
"""

from kdnas.algorithms.interface import Again, Algorithm, Asked, Proposal
from kdnas.algorithms.make import make_algorithm
from kdnas.algorithms.nsga2 import NSGA2, SteadyNSGA2
from kdnas.algorithms.random_search import RandomSearch, UniformSearch
from kdnas.algorithms.replicated import Replicated
from kdnas.algorithms.tournament import TournamentGA
from kdnas.config import ALGORITHMS

__all__ = [
    "ALGORITHMS",
    "NSGA2",
    "Again",
    "Algorithm",
    "Asked",
    "Proposal",
    "RandomSearch",
    "Replicated",
    "SteadyNSGA2",
    "TournamentGA",
    "UniformSearch",
    "make_algorithm",
]

"""What a search optimises, in the terms of pymoo.

`StudentProblem` turns measured students into the numbers that pymoo minimises: the negative gains
of their objectives. Which direction is better is known to `metrics.Metric.gain` alone. `toy` is a
problem in closed form with a known front, on which the search can be judged in milliseconds.
"""

from kdnas.problems.student import StudentProblem
from kdnas.problems.toy import TOY_BEST_FITNESS, TOY_SPACE, describe_toy, toy_evaluate, toy_front

__all__ = [
    "TOY_BEST_FITNESS",
    "TOY_SPACE",
    "StudentProblem",
    "describe_toy",
    "toy_evaluate",
    "toy_front",
]

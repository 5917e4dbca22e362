"""Workers: jobs go in, results come out as they finish, in any order.

- `Inline` evaluates in this process, one job after the other;
- `Processes` evaluates several jobs at once, each in a process of its own;
- `guarded` turns what an evaluation raises into a typed `Failure`.

A search depends on the results only, never on which worker gave them or when.
"""

from kdnas.workers.guarded import guarded
from kdnas.workers.inline import Inline
from kdnas.workers.interface import Workers
from kdnas.workers.processes import Processes

__all__ = ["Inline", "Processes", "Workers", "guarded"]

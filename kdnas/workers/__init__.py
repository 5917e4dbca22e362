"""Where evaluations run: in this process or in several.

`Inline` and `Processes` share the `Workers` interface: jobs in, results out as they finish. A
student that cannot be evaluated comes back as a typed `Failure`; `guarded` says which is which.
"""

from kdnas.workers.guarded import guarded
from kdnas.workers.inline import Inline
from kdnas.workers.interface import Workers
from kdnas.workers.processes import Processes

__all__ = ["Inline", "Processes", "Workers", "guarded"]

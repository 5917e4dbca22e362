"""Where evaluations run: in this process or in several.

`Inline` and `Processes` share the `Workers` interface: jobs are submitted, and come back as
`Finished` when they end; `finished` runs a sequence of them. A student that cannot be evaluated
comes back as a typed `Failure`: `guarded` says which error is which, `Task` which failures are
worth another attempt.
"""

from kdnas.workers.guarded import guarded
from kdnas.workers.inline import Inline
from kdnas.workers.interface import Workers, finished
from kdnas.workers.processes import Processes

__all__ = ["Inline", "Processes", "Workers", "finished", "guarded"]

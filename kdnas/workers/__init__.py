"""Where evaluations run: in this process, in several, or on a Dask cluster.

`Inline`, `Processes` and `Cluster` share the `Workers` interface: jobs are submitted, and come back
as `Finished` when they end; `finished` runs a sequence of them, `open_workers` starts what the
command line asks for, `require_cluster` refuses what nobody could start. A student that cannot be
evaluated comes back as a typed `Failure`: `guarded` says which error is which, `Child` is the
process that it may take along, `Task` knows which failures are worth another attempt. `Recalling`
takes from another run what it has evaluated.
"""

from kdnas.workers.connect import require_cluster
from kdnas.workers.guarded import guarded
from kdnas.workers.inline import Inline
from kdnas.workers.interface import Workers, finished
from kdnas.workers.opened import open_workers
from kdnas.workers.processes import Processes
from kdnas.workers.recalling import Recalling

__all__ = [
    "Inline",
    "Processes",
    "Recalling",
    "Workers",
    "finished",
    "guarded",
    "open_workers",
    "require_cluster",
]

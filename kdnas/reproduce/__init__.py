"""The paper's comparison from one command: searches, baselines, tables and figures.

The way of a reproduction: `run_searches` (each a run folder of its own), `finalists` (the students
that are trained again), `compared_models` (every training; `kdnas.comparison` does them),
`transfer_matrix`, and then `read_material` and `OUTPUTS`, which need the archives alone.
`reproduce` does all of it. `sweep` searches among the recorded students. `check_reproduction`
counts everything again.
"""

from kdnas.reproduce.finalists import finalists, read_runs
from kdnas.reproduce.material import Material, read_material
from kdnas.reproduce.models import compared_models
from kdnas.reproduce.outputs import OUTPUTS
from kdnas.reproduce.run import reproduce
from kdnas.reproduce.searches import run_searches, search_configs
from kdnas.reproduce.transfers import transfer_matrix
from kdnas.reproduce.verified import ReproductionVerdict, check_reproduction

__all__ = [
    "OUTPUTS",
    "Material",
    "ReproductionVerdict",
    "check_reproduction",
    "compared_models",
    "finalists",
    "read_material",
    "read_runs",
    "reproduce",
    "run_searches",
    "search_configs",
    "transfer_matrix",
]

"""Whether the folder of a run is sound: readable, and without contradictions in what it records.

The tables of a store refuse what one row can get wrong, and `database` asks SQLite whether they
still do. `settings` looks at what decides about the whole run: configuration, data, teacher, floor;
`students` at who was proposed, told and reported on; `measured` at predictions and attacked texts;
`files` at the stored weights; `models` at the models of a comparison. `check` does all of it for a
search, `model_problems` and, in the end, `seal_problems` for a comparison, `redrawn_problems` for
tables. Nothing is written into the folder, and damage is a `Problem`, never an exception.
"""

from kdnas.verify.check import Verdict, check
from kdnas.verify.models import model_problems, seal_problems
from kdnas.verify.problem import Problem
from kdnas.verify.redrawn import redrawn_problems

__all__ = [
    "Problem",
    "Verdict",
    "check",
    "model_problems",
    "redrawn_problems",
    "seal_problems",
]

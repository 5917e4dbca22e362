"""Whether a run's folder is sound: readable, and without contradictions in what it records.

`check` looks at everything that can be known twice: births against events, keys and training
seeds against architectures, counts against the attacked texts, sizes against architectures, the
front against its reports, and stored weights against the archive. It writes nothing into the
folder, and damage is a `Problem`, never an exception. `model_problems` looks at the models of a
reproduction.
"""

from kdnas.verify.check import Verdict, check
from kdnas.verify.models import model_problems
from kdnas.verify.problem import Problem

__all__ = ["Problem", "Verdict", "check", "model_problems"]

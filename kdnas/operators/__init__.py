"""pymoo's view of the evolution operations: thin classes over the draws of any space.

The variable is the genotype itself, in object arrays of shape ``(n, 1)``. Genotypes are frozen,
since pymoo copies such arrays shallowly, and the generator is always the algorithm's own.

- `EditSampling`: an initial population;
- `UniformCrossover`, `EvoMutation`, and `Evolution`, which joins them and keeps the origins;
- `KeyElimination`, `unseen`: no network is proposed twice in a run.
"""

from kdnas.operators.crossover import UniformCrossover
from kdnas.operators.duplicates import KeyElimination, unseen
from kdnas.operators.mating import Evolution
from kdnas.operators.mutation import EvoMutation
from kdnas.operators.sampling import EditSampling

__all__ = [
    "EditSampling",
    "EvoMutation",
    "Evolution",
    "KeyElimination",
    "UniformCrossover",
    "unseen",
]

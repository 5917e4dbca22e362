"""Crossover and mutation joined; every child remembers where it comes from."""

from typing import Any

from numpy.random import Generator
from pymoo.core.mating import Mating
from pymoo.core.population import Population


class Evolution(Mating):
    """Selection, crossover with its probability, then one evolution operation.

    A child carries `operation` (such as ``"crossover+edge"``) and `parents`, their births, beside
    its X; the members of the population carry `birth`.
    """

    def _do(
        self,
        problem: Any,
        pop: Population,
        n_offsprings: int,
        parents: Any = None,
        random_state: Generator | None = None,
        **kwargs: Any,
    ) -> Population:
        mates = self.selection(
            problem, pop, n_offsprings, n_parents=2, random_state=random_state, **kwargs
        )
        children = self.crossover(problem, mates, random_state=random_state)
        before = [child.X[0] for child in children]
        children = self.mutation(problem, children, random_state=random_state)
        for child, pair, arch, name in zip(
            children, mates, before, self.mutation.operations, strict=True
        ):
            # pymoo copies a parent's X where it does not cross: then it is the very same object.
            copied = [parent for parent in pair if parent.X[0] is arch]
            births = dict.fromkeys(parent.get("birth") for parent in copied[:1] or pair)
            child.set("parents", tuple(births))
            child.set("operation", name if copied else f"crossover+{name}")
        return children[[name is not None for name in self.mutation.operations]]
